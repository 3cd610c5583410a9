// Connecting: names resolved on the blocking pool, then libpq's own steps, all before one deadline. Loop-bound.

import CLibpq
import Glibc

/// One attempt to connect.
@safe
final class PostgresConnector {
    private let loop: EventLoop
    private let handle: PostgresHandle
    private let promise: LoopPromise<Void>
    private var poll: PollHandle?

    private init(loop: EventLoop, handle: PostgresHandle) {
        self.loop = loop
        self.handle = handle
        promise = LoopPromise(loop: loop)
    }

    /// Connects and enters pipeline mode. On-loop.
    ///
    /// PQconnectPoll has no timeout of its own, and a stopped server accepts connections and then says nothing: the deadline
    /// is ours. Cancelling the task ends the attempt.
    /// - Throws: `.unavailable`, `.timeout`, `.cancelled`; `.incapable` for a database in another encoding than UTF-8.
    static func connect(
        to endpoint: PostgresEndpoint, statementTimeout: Duration, session: PostgresSession, timeout: Duration, loop: EventLoop
    ) async throws(DatabaseError) -> PostgresHandle {
        let deadline = MonotonicInstant.now() + timeout
        var parameters = self.parameters(of: endpoint, statementTimeout: statementTimeout, session: session)
        if case .tcp(let host) = endpoint.host {
            parameters += try await addresses(of: host, within: timeout, loop: loop)
        }
        guard let handle = PostgresHandle(parameters: parameters) else {
            throw .unavailable("no memory for a database connection")
        }
        let connector = PostgresConnector(loop: loop, handle: handle)
        let timer = LoopTimer(loop: loop)
        timer.start(after: deadline - .now()) { [promise = connector.promise] in
            promise.fail(DatabaseError.timeout("connecting to the database"))
        }
        defer {
            timer.stop()
            connector.poll?.close()
        }
        connector.advance(.waitToWrite)
        do {
            try await connector.promise.wait()
        } catch {
            throw error as? DatabaseError ?? .cancelled
        }
        // In another encoding the server would refuse, or change, what clients write.
        if let encoding = handle.setting("server_encoding"), encoding != "UTF8" {
            throw .incapable(.unsuitable("the database's encoding is \(encoding), and must be UTF8"))
        }
        guard handle.enterPipelineMode() else { throw .unavailable(handle.errorMessage) }
        return handle
    }

    private func advance(_ step: PostgresHandle.ConnectStep) {
        guard !promise.isSettled else { return }
        switch step {
        case .connected:
            promise.succeed(())
        case .failed:
            promise.fail(DatabaseError.unavailable(handle.errorMessage))
        case .waitToRead, .waitToWrite:
            guard !handle.isBroken, handle.fileDescriptor >= 0 else {
                promise.fail(DatabaseError.unavailable(handle.errorMessage))
                return
            }
            do {
                let poll = try PollHandle(loop: loop, fileDescriptor: handle.fileDescriptor)
                self.poll = poll
                if case .waitToRead = step { wait(for: .readable, poll) } else { wait(for: .writable, poll) }
            } catch {
                promise.fail(DatabaseError.unavailable("\(error)"))
            }
        }
    }

    private func wait(for events: PollHandle.Events, _ poll: PollHandle) {
        // An error of the socket is libpq's to find and to name.
        poll.start(events) { [weak self] _, _ in
            guard let self else { return }
            // PQconnectPoll may close the socket and try the next address: libuv has to let go of it first.
            self.poll?.close()
            self.poll = nil
            self.advance(self.handle.pollConnect())
        }
    }

    // MARK: Parameters

    private static func parameters(
        of endpoint: PostgresEndpoint, statementTimeout: Duration, session: PostgresSession
    ) -> [(String, String)] {
        var parameters = [
            ("port", String(endpoint.port)), ("client_encoding", "UTF8"), ("fallback_application_name", "reactor"),
        ]
        switch endpoint.host {
        case .tcp(let host): parameters.append(("host", host))
        case .unix(let directory): parameters.append(("host", directory))
        case .standard: break
        }
        if let user = endpoint.user { parameters.append(("user", user)) }
        if let password = endpoint.password { parameters.append(("password", password)) }
        if let database = endpoint.database { parameters.append(("dbname", database)) }
        // The server stops a late statement by itself: its neighbours in the pipeline then go on. A pooler is told with each transaction.
        var settings = session == .own ? ["-c statement_timeout=\(statementTimeout.ceilingMilliseconds) -c TimeZone=UTC"] : []
        var isKerberosChosen = false
        for option in endpoint.options {
            if option.name == "options" {
                settings.append(option.value)
            } else {
                parameters.append((option.name, option.value))
                if option.name == "gssencmode" { isKerberosChosen = true }
            }
        }
        if !settings.isEmpty { parameters.append(("options", settings.joined(separator: " "))) }
        // Asking for a Kerberos ticket reads files, and costs a round trip where there is one.
        if !isKerberosChosen { parameters.append(("gssencmode", "disable")) }
        return parameters
    }

    // MARK: Addresses

    /// More addresses than this are not tried: the deadline is over before.
    private static let maxAddresses = 4

    /// The numeric addresses of `host`, as libpq's `hostaddr`: given a name, libpq would look it up itself, and block.
    ///
    /// libpq wants as many hosts as addresses.
    private static func addresses(
        of host: String, within limit: Duration, loop: EventLoop
    ) async throws(DatabaseError) -> [(String, String)] {
        if isNumeric(host) { return [("hostaddr", host)] }
        let found: [String]
        do {
            found = try await loop.runBlocking(within: limit) { try resolveBlocking(host) }
        } catch let error as DatabaseError {
            throw error
        } catch {
            throw .timeout("looking up the database's host name")
        }
        return [
            ("host", Array(repeating: host, count: found.count).joined(separator: ",")),
            ("hostaddr", found.joined(separator: ",")),
        ]
    }

    private static func isNumeric(_ host: String) -> Bool {
        var v4 = in_addr()
        var v6 = in6_addr()
        return unsafe inet_pton(AF_INET, host, &v4) == 1 || inet_pton(AF_INET6, host, &v6) == 1
    }

    private static func resolveBlocking(_ host: String) throws -> [String] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, nil, &hints, &list) == 0 else {
            throw DatabaseError.unavailable("the database's host name is not known")
        }
        defer { if let list = unsafe list { unsafe freeaddrinfo(list) } }
        var found: [String] = []
        var next = unsafe list
        while let entry = unsafe next, found.count < maxAddresses {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let code = unsafe getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
            if code == 0 {
                found.append(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
            }
            unsafe next = unsafe entry.pointee.ai_next
        }
        guard !found.isEmpty else { throw DatabaseError.unavailable("the database's host name has no address") }
        return found
    }
}

// One connection to Redis: commands out in the order they came, replies matched to them by that order. Loop-bound.
//
// Pipelining is not a mode: a command is appended to the transport's write buffer, and whatever one tick appended goes out in
// one write. Replies carry no number, so a command that got none in time cannot be skipped: the connection is closed, and
// every command behind it fails with it.

import DequeModule

/// An open, greeted connection. Whoever drops it must ``close()`` it.
final class RedisConnection: TCPConnectionDelegate {
    private struct Pending {
        let promise: LoopPromise<RedisValue>
        let deadline: MonotonicInstant
    }

    private let loop: EventLoop
    private let transport: TCPConnection
    private let reader: RedisReplyReader
    private let maxCommandsInFlight: Int
    private let deadlineTimer: LoopTimer
    private var pending = Deque<Pending>()

    /// Set at a deadline, cleared by a reply: a loop that was busy past the deadline gets one poll to find the reply that has
    /// long been in the socket, before the connection is given up.
    private var isInGrace = false
    private var failure: RedisError?

    private init(transport: TCPConnection, loop: EventLoop, configuration: RedisConfiguration) {
        self.loop = loop
        self.transport = transport
        reader = RedisReplyReader(limits: configuration.replyLimits)
        maxCommandsInFlight = configuration.maxCommandsInFlight
        deadlineTimer = LoopTimer(loop: loop)
    }

    var isOpen: Bool { failure == nil }

    /// Commands whose replies are outstanding.
    var commandsInFlight: Int { pending.count }

    // MARK: Opening and closing

    /// Connects, authenticates, selects the database and names the connection. The last step has every server answer, so a
    /// listener that accepts and then is silent is found out here.
    static func connect(_ configuration: RedisConfiguration, loop: EventLoop) async throws(RedisError) -> RedisConnection {
        let deadline = loop.now + configuration.connectTimeout
        let transport: TCPConnection
        do throws(TransportError) {
            transport = try await TCPConnection.connect(
                to: configuration.address, loop: loop, timeout: configuration.connectTimeout)
        } catch {
            throw .unavailable("\(configuration.address): \(error)")
        }
        let connection = RedisConnection(transport: transport, loop: loop, configuration: configuration)
        transport.delegate = connection
        transport.startReading()
        do throws(RedisError) {
            try await connection.greet(configuration, deadline: deadline)
        } catch {
            connection.close()
            throw error
        }
        return connection
    }

    private func greet(_ configuration: RedisConfiguration, deadline: MonotonicInstant) async throws(RedisError) {
        var commands: [RedisCommand] = []
        if let password = configuration.password {
            commands.append(RedisCommand("AUTH", (configuration.username.map { [.text($0)] } ?? []) + [.text(password)]))
        }
        if configuration.database != 0 { commands.append(RedisCommand("SELECT", .integer(configuration.database))) }
        commands.append(RedisCommand("CLIENT", "SETNAME", .text(configuration.clientName)))
        let replies = try await execute(commands, deadline: deadline)
        for (index, reply) in replies.enumerated() {
            guard case .error(let error) = reply else { continue }
            // A proxy may know no CLIENT command, and an ACL may forbid it: the name is a courtesy. NOAUTH is not about the name.
            if index == replies.count - 1, error.code != "NOAUTH" { continue }
            throw .unavailable("\(configuration.address) turned us away: \(error)")
        }
    }

    /// Closes now. Commands in flight fail with ``RedisError/closed``. Idempotent.
    func close() {
        fail(.closed)
    }

    // MARK: Commands

    /// Sends one command with the others of this tick. An error reply is returned, not thrown.
    ///
    /// Cancelling the task ends the wait at once; the reply is dropped when it comes, and its neighbours do not notice.
    func execute(_ command: RedisCommand, deadline: MonotonicInstant) async throws(RedisError) -> RedisValue {
        try checkCapacity(for: 1)
        return try await RedisConnection.reply(send(command, deadline: deadline))
    }

    /// Sends several commands back to back; their replies in the same order, error replies among them.
    func execute(_ commands: [RedisCommand], deadline: MonotonicInstant) async throws(RedisError) -> [RedisValue] {
        try checkCapacity(for: commands.count)
        let promises = commands.map { send($0, deadline: deadline) }
        var replies: [RedisValue] = []
        replies.reserveCapacity(promises.count)
        for promise in promises { replies.append(try await RedisConnection.reply(promise)) }
        return replies
    }

    private func checkCapacity(for count: Int) throws(RedisError) {
        if let failure { throw failure }
        guard count <= maxCommandsInFlight - pending.count else { throw .overloaded }
    }

    private func send(_ command: RedisCommand, deadline: MonotonicInstant) -> LoopPromise<RedisValue> {
        let promise = LoopPromise<RedisValue>(loop: loop)
        pending.append(Pending(promise: promise, deadline: deadline))
        command.write(to: &transport.outbound)
        transport.scheduleFlush()
        if !deadlineTimer.isActive { watchDeadline(after: deadline - loop.now) }
        return promise
    }

    @inline(__always)
    private static func reply(_ promise: LoopPromise<RedisValue>) async throws(RedisError) -> RedisValue {
        do {
            return try await promise.wait()
        } catch let error as RedisError {
            throw error
        } catch {
            throw .cancelled
        }
    }

    // MARK: Deadlines

    /// One timer for all commands: the oldest one's deadline is the first. The timer is not moved at each reply (that would
    /// be two timer calls a command); when it fires it looks at who is oldest now.
    private func watchDeadline(after delay: Duration) {
        deadlineTimer.start(after: delay) { [weak self] in self?.checkDeadline() }
    }

    private func checkDeadline() {
        guard let oldest = pending.first else { return }
        guard loop.now >= oldest.deadline else {
            isInGrace = false
            return watchDeadline(after: oldest.deadline - loop.now)
        }
        guard isInGrace else {
            isInGrace = true
            return watchDeadline(after: .milliseconds(1))
        }
        fail(.timeout)
    }

    // MARK: Transport

    func received(_ bytes: RawSpan) {
        guard failure == nil else { return }
        do throws(RedisError) {
            try reader.feed(bytes)
            while let reply = try reader.next() {
                guard let command = pending.popFirst() else { throw .protocolViolation("a reply without a command") }
                isInGrace = false
                command.promise.succeed(reply)
            }
        } catch {
            fail(error)
        }
    }

    func receivedEOF() {
        fail(.connectionLost("closed by the server"))
    }

    func closed(_ error: TransportError?) {
        fail(.connectionLost(error.map(String.init(describing:)) ?? "closed"))
    }

    func outboundDrained() {}

    private func fail(_ error: RedisError) {
        guard failure == nil else { return }
        failure = error
        deadlineTimer.stop()
        transport.abort()
        let abandoned = pending
        pending = []
        for command in abandoned { command.promise.fail(error) }
    }
}

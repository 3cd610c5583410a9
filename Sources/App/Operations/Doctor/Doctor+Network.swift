// The doctor's look at others: Redis, the mail server, and the port that the server would listen on. On the loop.

import Reactor

extension Doctor {
    /// For an answer of anybody.
    private static let patience = Duration.seconds(3)

    // MARK: Redis

    /// Nil without Redis.
    func redis() async -> Finding? {
        let check = "redis"
        guard let settings = try? configuration.redisConfiguration else { return nil }
        let client = RedisClient(loop: loop, configuration: settings)
        let began = MonotonicInstant.now()
        let finding: Finding
        do throws(RedisError) {
            let information = try await client.execute(RedisCommand("INFO", "server"))
            let version = information.text?.split(whereSeparator: \.isNewline).first { $0.hasPrefix("redis_version:") }?.dropFirst(14)
            finding = .ok(check, "\(settings) \(version ?? "of unknown version"), \((MonotonicInstant.now() - began).milliseconds)")
        } catch {
            finding = .fail(
                check, "\(settings): \(error)",
                hint: "look at REDIS_URL and at the server; without REDIS_URL cache and limits are kept in each process")
        }
        await client.shutdown()
        return finding
    }

    // MARK: Mail

    /// Nil without a mail server: mails go into the outbox.
    func mail() async -> Finding? {
        guard let server = try? configuration.mailServer else { return nil }
        let began = MonotonicInstant.now()
        do throws(TransportError) {
            try await touch(.ip(host: server.host, port: server.port), within: server.connectTimeout)
            return .ok("mail", "\(server) takes connections, \((MonotonicInstant.now() - began).milliseconds)")
        } catch {
            return .fail("mail", "\(server): \(error)", hint: "look at SMTP_URL; mails wait as jobs and are tried again")
        }
    }

    // MARK: Our own port

    func port() async -> Finding {
        let address = configuration.httpServer.address
        guard case .ip(let host, let number) = address else { return await socket(address) }
        let name = "\(SocketAddress.ip(host: host, port: number))"
        if number == 0 { return .ok("port", "the kernel chooses one") }
        // Asked first: two processes of one user may listen on a port together, and listening would succeed.
        let reachable = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host
        if await isAnswering(.ip(host: reachable, port: number)) {
            return .warn("port", "somebody listens on \(name) already", hint: "this server, perhaps; else set PORT")
        }
        do throws(TransportError) {
            try TCPListener(address, loop: loop) { $0.abort() }.close()
            return .ok("port", "\(name) is free")
        } catch {
            return .fail("port", "\(name): \(error)", hint: "look at HOST and PORT; below 1024 a port needs a capability")
        }
    }

    private func socket(_ address: SocketAddress) async -> Finding {
        await isAnswering(address)
            ? .warn("port", "somebody listens on \(address) already", hint: "this server, perhaps")
            : .ok("port", "\(address) is free")
    }

    private func isAnswering(_ address: SocketAddress) async -> Bool {
        do throws(TransportError) {
            try await touch(address, within: Doctor.patience)
            return true
        } catch {
            return false
        }
    }

    /// Connects, and hangs up.
    private func touch(_ address: SocketAddress, within timeout: Duration) async throws(TransportError) {
        try await TCPConnection.connect(to: address, loop: loop, timeout: timeout).abort()
    }
}

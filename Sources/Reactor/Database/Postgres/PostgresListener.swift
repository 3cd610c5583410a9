// Hears PostgreSQL's notifications: a connection of its own that listens on one channel, made again whenever it breaks. An actor on
// its loop.

/// Listens for as long as it runs.
///
/// Nothing may hang on a notification alone: what is sent while the connection is broken is lost. So the handler is also called
/// each time that listening begins anew, and whoever waits looks by itself now and then.
public actor PostgresListener {
    public nonisolated let loop: EventLoop
    private let endpoint: PostgresEndpoint
    private let configuration: DatabaseConfiguration
    private let channel: SQLStatement
    private let handler: @Sendable () -> Void

    /// A connection that has silently died is found after this; until then the handler's owner looks by itself.
    private static let probeInterval = Duration.seconds(30)

    /// - Parameters:
    ///   - configuration: its deadlines for connecting and statements, and its pauses after a failure.
    ///   - channel: gives the channel's name in its first column; no row where there is no channel as of now.
    ///   - handler: called on the loop; must not wait.
    public init(
        loop: EventLoop, endpoint: PostgresEndpoint, configuration: DatabaseConfiguration, channel: SQLStatement,
        handler: @escaping @Sendable () -> Void
    ) {
        self.loop = loop
        self.endpoint = endpoint
        self.configuration = configuration
        self.channel = channel
        self.handler = handler
    }

    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// Listens until the task is cancelled; then the connection is closed.
    public func run() async {
        var backoff = ReconnectBackoff(first: configuration.firstReconnectDelay, longest: configuration.longestReconnectDelay)
        var generator = SystemRandomNumberGenerator()
        while !Task.isCancelled {
            let connection: PostgresConnection
            do throws(DatabaseError) {
                connection = try await PostgresConnection.connect(to: endpoint, configuration: configuration, isShared: true, loop: loop)
            } catch {
                do { try await loop.sleep(for: backoff.delayAfterFailure(using: &generator)) } catch { return }
                continue
            }
            if (try? await listen(on: connection)) == true {
                backoff.succeeded()
                await watch(connection)
            }
            await connection.close()
            // Also after a success: a server that lets us in and throws us out again is not to be asked in a tight loop.
            do { try await loop.sleep(for: backoff.delayAfterFailure(using: &generator)) } catch { return }
        }
    }

    /// - Returns: false where there is no channel.
    private func listen(on connection: PostgresConnection) async throws(DatabaseError) -> Bool {
        let handler = self.handler
        connection.notificationHandler = { _ in handler() }
        guard let name = try await connection.execute(channel, []).first?.string(0) else { return false }
        _ = try await connection.execute(.write("LISTEN \"\(name.replacing("\"", with: "\"\""))\""), [])
        handler()
        return true
    }

    /// Returns when the connection is broken or the task cancelled.
    private func watch(_ connection: PostgresConnection) async {
        let timer = LoopTimer(loop: loop)
        while connection.isUsable, !Task.isCancelled {
            let pause = LoopPromise<Void>(loop: loop)
            connection.observer = { event in
                if case .lost = event { pause.succeed(()) }
            }
            timer.start(after: PostgresListener.probeInterval) { pause.succeed(()) }
            defer { timer.stop() }
            guard (try? await pause.wait()) != nil, connection.isUsable else { return }
            do throws(DatabaseError) { try await connection.ping() } catch { return }
        }
    }
}

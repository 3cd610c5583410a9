// Hears PostgreSQL's notifications: a connection of its own that listens to channels, made again whenever it breaks. An actor on its
// loop.

/// What a subscriber is told, on the listener's loop.
public enum PostgresListenerEvent: Sendable {
    /// Notifications are heard from now on; what was sent before was missed.
    case began
    /// A notification of the channel has arrived.
    case notified(PostgresNotification)
    /// Nothing is heard any more, until the next ``began``.
    case ended
}

/// A channel, and the handler that is called with its notifications.
public struct PostgresSubscription: Sendable {
    let channel: SQLStatement
    let handler: @Sendable (PostgresListenerEvent) -> Void

    /// - Parameters:
    ///   - channel: gives the channel's name in its first column; no row where there is no channel as of now.
    ///   - handler: called on the loop; must not wait.
    public init(channel: SQLStatement, handler: @escaping @Sendable (PostgresListenerEvent) -> Void) {
        self.channel = channel
        self.handler = handler
    }
}

/// Listens for as long as it runs.
///
/// What is sent while the connection is broken is lost, so that nothing may depend on a notification alone: subscribers are told when
/// listening begins and when it ends. Behind a transaction pooler notifications do not arrive, and listening never begins.
public actor PostgresListener {
    public nonisolated let loop: EventLoop
    private let endpoint: PostgresEndpoint
    private let configuration: DatabaseConfiguration
    private let subscriptions: [PostgresSubscription]
    /// By the channel's name, as of the connection.
    private var heard: [String: PostgresSubscription] = [:]

    /// A connection that has silently died is found after this; until then nobody knows that nothing is heard. Subscriptions whose
    /// channel was not there are tried again as often.
    private static let probeInterval = Duration.seconds(2)
    private static let pooledPause = Duration.seconds(60)

    /// - Parameter configuration: its deadlines for connecting and statements, and its pauses after a failure.
    public init(
        loop: EventLoop, endpoint: PostgresEndpoint, configuration: DatabaseConfiguration, subscriptions: [PostgresSubscription]
    ) {
        self.loop = loop
        var own = endpoint
        if !own.options.contains(where: { $0.name == "application_name" }) {
            own.options.append(.init(name: "application_name", value: "reactor-listener"))
        }
        self.endpoint = own
        self.configuration = configuration
        self.subscriptions = subscriptions
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
            guard connection.session == .own else {
                // After the transaction the pooler gives the server connection, and with it what LISTEN hears, to another client.
                await connection.close()
                do { try await loop.sleep(for: PostgresListener.pooledPause) } catch { return }
                continue
            }
            connection.notificationHandler = { [weak self] notification in
                self?.assumeIsolated { $0.heard[notification.channel]?.handler(.notified(notification)) }
            }
            if (try? await listen(on: connection)) != nil {
                if !heard.isEmpty { backoff.succeeded() }
                await watch(connection)
            }
            await connection.close()
            let ended = heard.values
            heard = [:]
            for subscription in ended { subscription.handler(.ended) }
            // Also after a success: a server that lets us in and throws us out again is not to be asked in a tight loop.
            do { try await loop.sleep(for: backoff.delayAfterFailure(using: &generator)) } catch { return }
        }
    }

    /// Begins with what is not heard yet.
    private func listen(on connection: PostgresConnection) async throws(DatabaseError) {
        guard heard.count < subscriptions.count else { return }
        for subscription in subscriptions {
            guard let name = try await connection.execute(subscription.channel, []).first?.string(0), heard[name] == nil else { continue }
            _ = try await connection.execute(.write("LISTEN \"\(name.replacing("\"", with: "\"\""))\""), [])
            heard[name] = subscription
            subscription.handler(.began)
        }
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
            do throws(DatabaseError) {
                try await connection.ping(within: configuration.probeTimeout)
                try await listen(on: connection)
            } catch {
                return
            }
        }
    }
}

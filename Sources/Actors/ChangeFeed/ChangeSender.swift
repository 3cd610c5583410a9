// One loop's way to tell the other processes of what counts no more. An actor pinned to its loop.

import Reactor

/// Gathers what a tick changes, and sends it as one notification; what comes while one is on its way is in the next.
actor ChangeSender {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private let pool: DatabasePool
    private let sender: String
    private var pending = ChangeSet()
    private var sending: Task<Void, Never>?
    private var isShutDown = false

    /// After a failure. What could not be sent is sent until it could.
    private static let retryPause = Duration.milliseconds(50)
    private static let notify = SQLStatement.write(
        postgres: "SELECT pg_notify(\(ChangeFeed.channelName), $1)", sqlite: "SELECT $1")

    init(pool: DatabasePool, sender: String) {
        loop = pool.loop
        self.pool = pool
        self.sender = sender
    }

    func announce(_ changes: ChangeSet) {
        guard !isShutDown, !changes.isEmpty else { return }
        pending.formUnion(changes)
        // The task begins with the loop's next drain: what this tick still announces goes along.
        if sending == nil { sending = Task(executorPreference: loop) { await self.send() } }
    }

    private func send() async {
        while !pending.isEmpty, !isShutDown {
            let changes = pending
            pending = ChangeSet()
            do {
                for payload in changes.payloads(from: sender) {
                    _ = try await pool.execute(ChangeSender.notify, [.text(payload)])
                }
            } catch {
                pending.formUnion(changes)
                do { try await loop.sleep(for: ChangeSender.retryPause) } catch { break }
            }
        }
        sending = nil
    }

    /// Sends what is left, once, and returns.
    func shutdown() async {
        isShutDown = true
        await sending?.value
        for payload in pending.isEmpty ? [] : pending.payloads(from: sender) {
            _ = try? await pool.execute(ChangeSender.notify, [.text(payload)])
        }
        pending = ChangeSet()
    }
}

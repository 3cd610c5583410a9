// SIGHUP. An actor pinned to its loop, because signal sources live on one.

import Logging
import Reactor

/// Keeps SIGHUP from ending the server: it means "read your certificates again".
actor HangupWatch {
    private static let hangup: Int32 = 1

    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    private var source: SignalSource?
    /// What is read again; nil while there is nothing.
    private var action: (@Sendable () async -> Void)?
    private var reloading: Task<Void, Never>?
    /// A signal came while the one before it was being obeyed: the files may have changed since they were read.
    private var isDueAgain = false

    init(loop: EventLoop) {
        self.loop = loop
    }

    /// When it returns, the signal's default action is suspended.
    func start(logger: Logger) {
        // The cycle of references ends with `stop()`.
        source = try? SignalSource(HangupWatch.hangup, loop: loop) { _ in self.received(logger) }
    }

    /// Says what a signal does from now on.
    func reload(_ action: @escaping @Sendable () async -> Void) {
        self.action = action
    }

    /// Returns when no reload is under way. Must be called before the loop ends.
    func stop() async {
        source = nil
        action = nil
        await reloading?.value
    }

    private func received(_ logger: Logger) {
        guard action != nil else { return logger.notice("SIGHUP: nothing to reload") }
        guard reloading == nil else { return isDueAgain = true }
        reloading = Task(executorPreference: loop) { await self.run() }
    }

    private func run() async {
        repeat {
            isDueAgain = false
            await action?()
        } while isDueAgain
        reloading = nil
    }
}

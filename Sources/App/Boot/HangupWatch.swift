// SIGHUP. An actor pinned to its loop, because signal sources live on one.

import Logging
import Reactor

/// Keeps SIGHUP from ending the server: it means "read your certificates again", and there are none.
actor HangupWatch {
    private static let hangup: Int32 = 1

    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    private var source: SignalSource?

    init(loop: EventLoop) {
        self.loop = loop
    }

    func start(logger: Logger) {
        source = try? SignalSource(HangupWatch.hangup, loop: loop) { _ in logger.notice("SIGHUP: nothing to reload") }
    }

    /// Must be called before the loop ends.
    func stop() { source = nil }
}

// The end of a process that was told to end, at the latest. Kept by a loop of its own that does nothing else, because a loop that
// hangs neither hears of a signal nor looks at a clock.

import Glibc

/// Ends the process some time after SIGTERM or SIGINT, where it has not ended by itself.
public enum TerminationDeadline {
    /// What an orderly end may take beyond its grace, or after a second signal, before it counts as hanging.
    private static let margin = Duration.milliseconds(250)

    /// Begins to watch, until the process ends, and returns when it does. Once a process; costs a thread that sleeps.
    /// - Parameters:
    ///   - grace: from the first signal on. A quarter of a second later the exit status is 0. A second signal leaves a quarter of a
    ///     second, then the exit status is 1.
    ///   - finalMessage: what to write to standard error then, as far as its reader has room for it at once. Called on a thread of its own,
    ///     while everything else may hang: it must not wait.
    /// - Throws: ``TransportError`` where there can be no further loop (no file descriptors, no memory).
    public static func start(grace: Duration, finalMessage: @escaping @Sendable () -> [UInt8]) async throws {
        let loop = try EventLoop(index: -1)
        _ = loop.start(name: "termination")
        try await loop.isolation.run { isolation in
            try Watch(grace: grace, finalMessage: finalMessage, loop: isolation.loop).start()
        }
    }

    /// Loop-bound, on the loop that nobody else uses; lives as long as the process.
    private final class Watch {
        private let grace: Duration
        private let finalMessage: @Sendable () -> [UInt8]
        private let timer: LoopTimer
        private let loop: EventLoop
        private var sources: [SignalSource] = []
        private var signals = 0

        init(grace: Duration, finalMessage: @escaping @Sendable () -> [UInt8], loop: EventLoop) {
            self.grace = grace
            self.finalMessage = finalMessage
            self.loop = loop
            timer = LoopTimer(loop: loop)
        }

        func start() throws(TransportError) {
            for number in [SIGTERM, SIGINT] {
                // The cycle of references keeps the watch alive.
                sources.append(try SignalSource(number, loop: loop) { _ in self.received() })
            }
        }

        private func received() {
            signals += 1
            switch signals {
            case 1:
                timer.start(after: grace + margin) {
                    StandardStream.error.writeAvailable(self.finalMessage())
                    ProcessExit.now(0)
                }
            case 2: timer.start(after: margin) { ProcessExit.now(1) }
            // Further ones do not put the end off.
            default: break
            }
        }
    }
}

// The end of a process that was told to end, at the latest. Kept by a loop of its own that does nothing else, because a loop that
// hangs neither hears of a signal nor looks at a clock.

import Glibc

/// Ends the process some time after SIGTERM or SIGINT, where it has not ended by itself.
public enum TerminationDeadline {
    /// What an orderly end may take beyond its grace, or after a second signal, before it counts as hanging.
    private static let margin = Duration.milliseconds(250)

    /// Begins to watch, until the process ends. Once a process; costs a thread that sleeps.
    /// - Parameters:
    ///   - grace: from the first signal on. A quarter of a second later the exit status is 0. A second signal leaves a quarter of a
    ///     second, then the exit status is 1.
    ///   - lastWords: what to write to standard error then, as far as its reader has room for it at once. Called on a thread of its own,
    ///     while everything else may hang: it must not wait.
    /// - Throws: ``TransportError`` where there can be no further loop (no file descriptors, no memory).
    public static func start(grace: Duration, lastWords: @escaping @Sendable () -> [UInt8]) throws(TransportError) {
        let loop = try EventLoop(index: -1)
        _ = loop.start(name: "termination")
        loop.post {
            do throws(TransportError) {
                let watch = Watch(grace: grace, lastWords: lastWords, loop: loop)
                try watch.start()
            } catch {
                // Without signal handles the process ends as it did without a deadline.
            }
        }
    }

    /// Loop-bound, on the loop that nobody else uses; lives as long as the process.
    private final class Watch {
        private let grace: Duration
        private let lastWords: @Sendable () -> [UInt8]
        private let timer: LoopTimer
        private let loop: EventLoop
        private var sources: [SignalSource] = []
        private var isTerminating = false

        init(grace: Duration, lastWords: @escaping @Sendable () -> [UInt8], loop: EventLoop) {
            self.grace = grace
            self.lastWords = lastWords
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
            if isTerminating { return timer.start(after: margin) { ProcessExit.now(1) } }
            isTerminating = true
            timer.start(after: grace + margin) {
                StandardStream.error.writeAvailable(self.lastWords())
                ProcessExit.now(0)
            }
        }
    }
}

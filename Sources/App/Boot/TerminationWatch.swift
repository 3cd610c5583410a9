// SIGTERM and SIGINT of a server, from its first moment to its last. An actor pinned to its loop, because signal sources live on one.

import Logging
import Reactor

/// What the next SIGTERM or SIGINT does. Pure.
struct TerminationState: Sendable {
    enum Action: Sendable, Hashable {
        case drain
        case exit(Int32)
    }

    /// Whether there are requests to finish.
    var isServing = false
    private var isDraining = false

    mutating func received() -> Action {
        // Nothing was promised to anybody yet, and a migration that is cut off is rolled back by the database.
        guard isServing else { return .exit(0) }
        guard !isDraining else { return .exit(1) }
        isDraining = true
        return .drain
    }
}

/// Waits for the operator to say stop.
actor TerminationWatch {
    private static let interrupt: Int32 = 2
    private static let terminate: Int32 = 15

    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    private let first: LoopPromise<Int32>
    private var state = TerminationState()
    private var sources: [SignalSource] = []

    init(loop: EventLoop) {
        self.loop = loop
        first = LoopPromise(loop: loop)
    }

    /// When it returns, the signals' default action is suspended, and the first of them begins the grace after which the process ends.
    func start(_ configuration: AppConfiguration, ending: ShutdownProgress, logger: Logger) async throws {
        sources = [TerminationWatch.terminate, TerminationWatch.interrupt].compactMap { number in
            // The cycle of references ends with `stop()`.
            try? SignalSource(number, loop: loop) { self.received($0, logger) }
        }
        try await TerminationDeadline.start(grace: configuration.server.shutdownGrace) {
            LogOutput.flush(within: .milliseconds(50))
            return LogOutput.line(
                configuration.log, .error, "the grace is over",
                ["unfinished": "\(ending.unfinished)", "grace": "\(DurationText.render(configuration.server.shutdownGrace))"])
        }
    }

    /// From here on a signal ends ``wait()``, and the second one the process, with 1; until then the first one ends it, with 0.
    func drainFromNowOn() { state.isServing = true }

    /// Returns with the first signal; called once.
    func wait() async -> Int32 {
        (try? await first.wait()) ?? 0
    }

    /// Must be called before the loop ends.
    func stop() { sources = [] }

    private func received(_ number: Int32, _ logger: Logger) {
        switch state.received() {
        case .drain: first.succeed(number)
        case .exit(let status):
            if status == 0 { logger.notice("stopped before it listened", metadata: ["signal": "\(number)"]) }
            LogOutput.flush(within: .milliseconds(100))
            ProcessExit.now(status)
        }
    }
}

// What a process that was told to end has still to do, for the line that says what hung. Any thread.

import Synchronization

/// The steps of a shutdown that have begun and not ended.
final class ShutdownProgress: Sendable {
    private let steps = Mutex<[String]>([])

    /// Runs one step. Several may be under way.
    func step<Result>(_ name: String, _ body: () async throws -> Result) async rethrows -> Result {
        begin(name)
        defer { end(name) }
        return try await body()
    }

    /// Begins a step that has no end of its own before the process has one.
    func begin(_ name: String) { steps.withLock { $0.append(name) } }

    private func end(_ name: String) {
        steps.withLock { steps in
            if let index = steps.firstIndex(of: name) { steps.remove(at: index) }
        }
    }

    /// The names of the steps, or that there is none: then a loop hangs, and has not heard of the signal.
    var unfinished: String {
        steps.withLock { $0.isEmpty ? "an event loop" : $0.joined(separator: ", ") }
    }
}

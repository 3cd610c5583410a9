// The job that tidies up. Stateless; runs on the worker's loop.

import Actors
import Logging
import Reactor

/// Removes what nobody needs any more, step by step.
enum MaintenanceJob {
    static let kind = "maintenance"

    static func handler(_ services: Services) -> JobHandler {
        { context in
            let steps = MaintenanceStep.all
            var failed: [String] = []
            for (index, step) in steps.enumerated() {
                do {
                    try await step.run(services, .now())
                } catch is CancellationError {
                    throw CancellationError()
                } catch {
                    // One step that cannot be done keeps none of the others from being done.
                    failed.append(step.name)
                    services.logger.error(
                        "maintenance failed", metadata: ["step": "\(step.name)", "error": "\(LogText.escaped(String(describing: error)))"])
                }
                try await context.report(progress: (index + 1) * 100 / steps.count)
            }
            guard failed.isEmpty else { throw JobFailure("failed: \(failed.joined(separator: ", "))") }
            return JobOutcome(result: "done: \(steps.map(\.name).joined(separator: ", "))")
        }
    }
}

// Every kind of job that this program can run.

import Actors

/// The one visible list of handlers.
enum JobHandlers {
    /// - Parameter services: of the worker's loop; what a handler needs of them it captures.
    static func all(_ services: Services) -> [String: JobHandler] {
        [
            MaintenanceJob.kind: MaintenanceJob.handler(services),
            WelcomeMailJob.kind: WelcomeMailJob.handler(services),
            AccountMailJob.kind(.passwordReset): AccountMailJob(services).handler(.passwordReset),
            AccountMailJob.kind(.emailVerification): AccountMailJob(services).handler(.emailVerification),
        ]
    }
}

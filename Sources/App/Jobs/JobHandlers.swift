// Every kind of job that this program can run.

import Actors

/// The one visible list of handlers.
enum JobHandlers {
    static func all() -> [String: JobHandler] {
        [
            MaintenanceJob.kind: MaintenanceJob.run
        ]
    }
}

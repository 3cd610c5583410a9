// Every job that comes round again by itself.

import Actors

/// The one visible list of schedules; rows of `job_schedules` are made of it when a worker starts.
enum JobSchedules {
    static func all(_ configuration: AppConfiguration) -> [JobSchedule] {
        [
            JobSchedule(name: "maintenance", cron: configuration.jobs.maintenanceCron, kind: MaintenanceJob.kind)
        ]
    }
}

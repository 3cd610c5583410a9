// What happens to a job, told while it happens. A value; runs in the task of the connection that listens, on its loop.

import Actors
import Reactor

/// Reads a job's row again and again and tells what is new.
///
/// The row is where all processes meet: whoever runs the job, its watchers see it, and one that comes back to another process goes
/// on where it was.
struct JobEventStream: Sendable {
    struct Settings: Sendable {
        /// How often the row is read.
        var interval: Duration = .milliseconds(500)
        var heartbeat: Duration = .seconds(15)
        /// Then the listener comes back: nobody holds a connection for ever.
        var maxAge: Duration = .seconds(900)
        var maxPerUser = 8
    }

    let queue: JobQueue
    let authenticator: TokenAuthenticator
    /// The listener's.
    let token: String
    let first: JobRecord
    let lastEventID: Text?
    let settings: Settings
    let slot: StreamSlots<Int64>.Slot

    /// Returns when the job has ended, or is gone, or is not the listener's to see any more.
    /// - Throws: when nobody listens any more.
    func produce(_ events: EventWriter) async throws {
        defer { withExtendedLifetime(slot) {} }
        let end = MonotonicInstant.now() + settings.maxAge
        var told = lastEventID
        var lastWord = MonotonicInstant.now()
        var job = first
        try await events.suggestRetry(after: .seconds(2))
        while true {
            let id = JobEventStream.eventID(of: job)
            if told != Text(id) {
                try await events.send(JobEventStream.eventName(of: job, after: told), id: id, JobResponse(job: job).json)
                told = Text(id)
                lastWord = .now()
            }
            guard !job.status.isFinal, .now() < end else { return }
            if .now() - lastWord >= settings.heartbeat {
                try await events.beat()
                lastWord = .now()
            }
            try await queue.loop.sleep(for: settings.interval)
            // A database that is away has no news.
            do {
                guard try await mayListen(), let now = try await queue.record(job.id) else { return }
                job = now
            } catch is DatabaseError {
                continue
            }
        }
    }

    /// What every request is asked, from the session store's memory as a rule: a session ends, a token expires, a user is deactivated,
    /// an administrator is one no more.
    private func mayListen() async throws -> Bool {
        do {
            return first.isVisible(to: try await authenticator.principal(of: token))
        } catch is APIError {
            return false
        }
    }

    /// Says where the job stands and nothing else, so that two processes give the same id.
    static func eventID(of job: JobRecord) -> String {
        "\(job.attempts)-\(job.status.rawValue)-\(job.progress)"
    }

    /// `done` is the last one; `progress` is one that changes nothing else.
    private static func eventName(of job: JobRecord, after told: Text?) -> String {
        if job.status.isFinal { return "done" }
        return told?.hasPrefix(Text("\(job.attempts)-\(job.status.rawValue)-")) == true ? "progress" : "status"
    }
}

// What the maintenance job does. Each step may be run at any time and any number of times.

import Actors
import Reactor

/// One thing to tidy up.
struct MaintenanceStep: Sendable {
    let name: String
    /// Outside of a transaction: what is removed stays removed when a later step fails.
    let run: @Sendable (Services, _ now: Timestamp) async throws -> Void

    /// The one visible list.
    static let all: [MaintenanceStep] = [sessions, oneTimeTokens, idempotencyKeys, jobs, files, outbox]

    /// A statement must not hold its locks for as long as it takes to remove a year's worth.
    static let maxRowsPerStatement = 5_000

    /// Sessions and refresh tokens that have ended; for a while they stay, for whoever looks into what happened.
    private static let sessions = MaintenanceStep(name: "sessions") { services, now in
        let (cutoff, limit) = (now - .seconds(7 * 86_400), maxRowsPerStatement)
        while try await SessionRepository.removeExpired(before: cutoff, limit: limit, in: services.database) == limit {}
    }

    private static let oneTimeTokens = MaintenanceStep(name: "one_time_tokens") { services, now in
        let (cutoff, limit) = (now - .seconds(7 * 86_400), maxRowsPerStatement)
        while try await OneTimeTokenRepository.removeExpired(before: cutoff, limit: limit, in: services.database) == limit {}
    }

    private static let idempotencyKeys = MaintenanceStep(name: "idempotency_keys") { services, now in
        let limit = maxRowsPerStatement
        while try await IdempotencyRepository.removeExpired(before: now, limit: limit, in: services.database) == limit {}
    }

    private static let jobs = MaintenanceStep(name: "jobs") { services, now in
        let cutoff = now - services.configuration.jobs.retention
        while try await services.jobs.removeFinished(before: cutoff, limit: maxRowsPerStatement) == maxRowsPerStatement {}
    }

    /// What workers that were killed have left of mails: the mails themselves are somebody's to read.
    private static let outbox = MaintenanceStep(name: "outbox") { services, now in
        let directory = services.configuration.outboxDirectory
        try await services.loop.runBlocking {
            for entry in try DurableFile.list(directory) where entry.name.hasSuffix(DurableFile.temporarySuffix) {
                guard entry.modifiedAt < now - .seconds(86_400) else { continue }
                try DurableFile.remove(directory: directory, name: entry.name)
            }
        }
    }

    /// Files without a row.
    private static let files = MaintenanceStep(name: "files") { services, now in
        try await FileSweep(services).runAndReport(now: now)
    }
}

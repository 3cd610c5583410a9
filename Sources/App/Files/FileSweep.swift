// Files and rows compared: what crashes and removed accounts left behind goes. Run at start and by the maintenance job; any number
// of processes may do it at once. A value of lets; runs on its loop.

import Actors
import Logging
import Reactor

/// Removes files that no row tells of.
struct FileSweep: Sendable {
    let database: DatabasePool
    let store: FileStore
    let logger: Logger
    /// Younger files may be on their way to their row.
    let grace: Duration

    /// What was found.
    struct Report: Sendable, Hashable {
        /// Half-written files, removed.
        var temporary = 0
        /// Files without a row, removed.
        var orphans = 0
        /// Rows without a file: nothing here makes one, so they are told and kept.
        var missing: [String] = []
    }

    init(database: DatabasePool, store: FileStore, logger: Logger, grace: Duration) {
        self.database = database
        self.store = store
        self.logger = logger
        self.grace = grace
    }

    init(_ services: Services) {
        self.init(
            database: services.database, store: services.fileStore, logger: services.logger,
            grace: services.configuration.files.sweepGrace)
    }

    /// Sweeps beside a server that has just started; what fails is left for the maintenance job.
    func runAtStart() async {
        do {
            try await runAndReport(now: .now())
        } catch {
            // A database that is away, or behind in its migrations, has been told of already.
            logger.warning("the files were not swept", metadata: ["error": "\(LogText.escaped("\(error)"))"])
        }
    }

    /// Sweeps, and logs what was found, or that the folder is not this database's.
    /// - Throws: as ``run(now:)``, but for that.
    func runAndReport(now: Timestamp) async throws {
        let report: Report
        do {
            report = try await run(now: now)
        } catch let refusal as FileBinding.Refusal {
            return logger.error("the files were not swept: \(refusal)", metadata: ["hint": "\(refusal.hint)"])
        }
        if report.temporary + report.orphans > 0 {
            logger.notice("files swept", metadata: ["temporary": "\(report.temporary)", "orphans": "\(report.orphans)"])
        }
        if let first = report.missing.first {
            logger.error("files are missing from the disk", metadata: ["count": "\(report.missing.count)", "first": "\(first)"])
        }
    }

    /// - Throws: ``FileBinding/Refusal``, and then nothing was removed; `FileStoreError`, `DatabaseError`, `CancellationError`.
    func run(now: Timestamp) async throws -> Report {
        try await FileBinding(database: database, store: store).check()
        var report = Report()
        report.temporary = try await store.sweep(now: now, grace: grace)
        for shard in FileShard.allCases {
            try Task.checkCancellation()
            // Files first: one that is listed, and old, had its row long ago, or never gets one.
            let files = try await store.list(shard)
            let rows = try await FileRepository.uploads(in: shard, in: database)
            for file in files where rows[file.id.text] == nil && file.modifiedAt + grace < now {
                if try await store.delete(file.id) { report.orphans += 1 }
            }
            let present = Set(files.map(\.id.text))
            report.missing += rows.filter { !present.contains($0.key) && $0.value + grace < now }.map(\.key).sorted()
        }
        return report
    }
}

// reactor backup [FILE]

import Actors
import ArgumentParser
import Reactor

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Put the database and the files into one archive.",
        discussion: """
            The server may run meanwhile: what is written is the database of one instant. The archive is a tar file with a checksum, \
            and can be restored into SQLite and PostgreSQL alike. It holds password hashes, so it is readable by its owner alone; it \
            does not hold the signing secret, the outbox, answers kept for repeated requests, mailed tokens, or sessions: after a \
            restore everybody logs in again.
            """)

    @OptionGroup var options: ConfigurationOptions
    @Argument(help: "Where to; without it reactor-backup-TIME.tar in the current folder.")
    var file: String?

    func run() async throws {
        let configuration = try options.loadWithoutSecret().configuration
        let now = Timestamp.now()
        let (directory, name) = try BackupCommand.place(file ?? BackupCommand.defaultName(now))
        let report = try await Progress.during {
            try await write(configuration, directory, name, now)
        }
        for remark in report.remarks { Terminal.say("\(Terminal.styled("note", .yellow))  \(remark)") }
        Terminal.say("\(report.path): \(report.rows) rows, \(report.files) files, \(report.sizeBytes) bytes")
    }

    private func write(
        _ configuration: AppConfiguration, _ directory: String, _ name: String, _ now: Timestamp
    ) async throws -> BackupReport {
        try await EventLoopGroup.withGroup(loops: 1) { group in
            let loop = group.loops[0]
            if let path = try await OperatorDatabase.missingFile(configuration, on: loop) { throw ArchiveError.noDatabase(path) }
            return try await OperatorDatabase.withPool(configuration, on: loop) { pool in
                try await Backup(
                    loop: loop, pool: pool, store: configuration.operatorFileStore(on: loop), now: now, progress: Progress.show
                ).write(directory: directory, name: name)
            }
        }
    }

    /// `reactor-backup-20260102T030405Z.tar`.
    static func defaultName(_ now: Timestamp) -> String {
        "reactor-backup-\(Timestamp(seconds: now.seconds).rfc3339.filter { $0 != "-" && $0 != ":" }).tar"
    }

    /// A path as folder and name.
    static func place(_ path: String) throws -> (directory: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let name = String(path[path.index(after: slash)...])
        guard !name.isEmpty else { throw ValidationError("\(path) is a folder; name a file in it") }
        return (slash == path.startIndex ? "/" : String(path[..<slash]), name)
    }
}

/// What is being done, on a line that is written over: for people only.
enum Progress {
    @Sendable static func show(_ text: String) {
        guard StandardStream.output.isTerminal else { return }
        Terminal.write(Array("\r\u{1B}[K\(text)".utf8))
    }

    /// Runs `body` and clears the line, whatever came of it.
    static func during<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        defer { show("") }
        return try await body()
    }
}

extension AppConfiguration {
    var filesDirectory: String { "\(dataDirectory)/files" }

    /// Files may have been uploaded under another limit: a backup takes them as they are.
    func operatorFileStore(on loop: EventLoop) -> FileStore {
        FileStore(loop: loop, root: filesDirectory, maxFileBytes: .max)
    }
}

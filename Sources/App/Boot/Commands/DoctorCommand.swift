// reactor doctor

import ArgumentParser
import Reactor

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Look for what would keep the program from working.",
        discussion: "Changes nothing. Ends with 0 where nothing fails, 1 where something does, 78 where the configuration is not valid.")

    @OptionGroup var options: ConfigurationOptions
    @Flag(help: "Answer in JSON.")
    var json = false

    func run() async throws {
        let configuration: AppConfiguration
        do {
            configuration = try options.loadWithoutSecret().configuration
        } catch let error as ConfigurationError {
            show(
                error.problems.map {
                    .fail("configuration", "\($0.variable): \($0.reason)", hint: "reactor config shows where each setting comes from")
                })
            throw ExitCode(ConfigurationError.exitCode)
        }
        let findings = try await EventLoopGroup.withGroup(loops: 1) { group in
            let doctor = Doctor(configuration: configuration, loop: group.loops[0])
            return await Task(executorPreference: group.loops[0]) { await doctor.examine() }.value
        }
        show(findings)
        guard findings.isHealthy else { throw ExitCode(1) }
    }

    private func show(_ findings: [Finding]) {
        guard !json else { return Terminal.write(findings.json.serialized + [UInt8(ascii: "\n")]) }
        let rows = Terminal.table(findings.map { [$0.level.rawValue, $0.check, $0.detail] })
        for (finding, row) in zip(findings, rows) {
            // The level is the first word of its row, and is as long as its text.
            let word = finding.level.rawValue
            Terminal.say(Terminal.styled(word, DoctorCommand.style(finding.level)) + row.dropFirst(word.count))
            if let hint = finding.hint { Terminal.say("      \(Terminal.styled(hint, .faint))") }
        }
    }

    private static func style(_ level: Finding.Level) -> Terminal.Style {
        switch level {
        case .ok: .green
        case .warn: .yellow
        case .fail: .red
        }
    }
}

// Log lines for people: `2026-01-02T03:04:05.678Z INFO  message  name=value`. A value; any thread.

import Logging
import Reactor

/// Writes a line of text an event, in colour on a terminal.
struct PrettyLogHandler: LogHandler {
    let label: String
    let isColored: Bool
    let sink: LogLineSink
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    init(label: String, isColored: Bool, sink: @escaping LogLineSink) {
        self.label = label
        self.isColored = isColored
        self.sink = sink
    }

    subscript(metadataKey name: String) -> Logger.Metadata.Value? {
        get { metadata[name] }
        set { metadata[name] = newValue }
    }

    func log(event: LogEvent) {
        var line: [UInt8] = []
        line.reserveCapacity(160)
        colored("2", &line) { Timestamp.now().appendRFC3339(to: &$0) }
        line.append(UInt8(ascii: " "))
        colored(PrettyLogHandler.color(of: event.level), &line) { line in
            let name = event.level.rawValue.uppercased()
            line.append(contentsOf: name.utf8)
            for _ in name.utf8.count..<8 { line.append(UInt8(ascii: " ")) }
        }
        line.append(UInt8(ascii: " "))
        LogEscaping.append(event.message.description, to: &line)
        for field in LogFields.merged(metadata, metadataProvider, event) {
            line.append(UInt8(ascii: " "))
            colored("36", &line) { LogEscaping.append(field.name, to: &$0) }
            line.append(UInt8(ascii: "="))
            LogEscaping.appendQuotingSpaces(field.value.description, to: &line)
        }
        line.append(UInt8(ascii: "\n"))
        sink(line)
    }

    /// `body` between an SGR sequence and its end.
    private func colored(_ code: String, _ line: inout [UInt8], _ body: (inout [UInt8]) -> Void) {
        guard isColored else { return body(&line) }
        line.append(contentsOf: "\u{1B}[\(code)m".utf8)
        body(&line)
        line.append(contentsOf: "\u{1B}[0m".utf8)
    }

    private static func color(of level: Logger.Level) -> String {
        switch level {
        case .trace, .debug: "2"
        case .info, .notice: "32"
        case .warning: "33"
        case .error, .critical: "31"
        }
    }
}

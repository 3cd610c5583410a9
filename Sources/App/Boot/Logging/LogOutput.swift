// Where log lines go, and which handler makes them. The handlers are values; the writer has a thread of its own.

import Logging
import Reactor
import Synchronization

/// How a log line looks.
enum LogFormat: String, Sendable, CaseIterable {
    /// For people, with colour on a terminal.
    case pretty
    /// For machines: an object a line.
    case json
}

/// Takes finished lines, with the newline at their end. Called on any thread and must not block.
typealias LogLineSink = @Sendable (_ line: [UInt8]) -> Void

/// The process's log.
enum LogOutput {
    private static let writer = BackgroundWriter(.error)

    /// A logger that writes to standard error as the configuration says.
    static func logger(_ settings: AppConfiguration.Log) -> Logger {
        logger(settings, colored: StandardStream.error.isTerminal) { writer.append($0) }
    }

    /// A logger with a destination of its own.
    static func logger(_ settings: AppConfiguration.Log, colored: Bool, to sink: @escaping LogLineSink) -> Logger {
        var logger = Logger(label: "reactor") { label in
            switch settings.format {
            case .pretty: PrettyLogHandler(label: label, isColored: colored, sink: sink)
            case .json: JSONLogHandler(label: label, sink: sink)
            }
        }
        logger.logLevel = settings.level
        return logger
    }

    /// Writes what is pending, as far as its reader takes it within `limit`; the last thing a command does.
    static func flush(within limit: Duration = .seconds(2)) { writer.flush(within: limit) }

    /// One line in the log's format, and not written.
    static func line(_ settings: AppConfiguration.Log, _ level: Logger.Level, _ text: Logger.Message, _ fields: Logger.Metadata) -> [UInt8]
    {
        let lines = Mutex<[UInt8]>([])
        logger(settings, colored: StandardStream.error.isTerminal) { line in lines.withLock { $0 += line } }.log(
            level: level, text, metadata: fields)
        return lines.withLock { $0 }
    }
}

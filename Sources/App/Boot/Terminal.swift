// What commands say to whoever started them: answers on standard output, the rest on standard error. Any thread.

import Reactor

/// Output of commands; colour for people only.
enum Terminal {
    enum Style: String {
        case bold = "1"
        case faint = "2"
        case red = "31"
        case green = "32"
        case yellow = "33"
    }

    /// A line of the answer.
    static func say(_ text: String) {
        StandardStream.output.write(Array("\(text)\n".utf8))
    }

    /// A document that is the answer, as it is.
    static func write(_ bytes: [UInt8]) {
        StandardStream.output.write(bytes)
    }

    /// What went wrong.
    static func complain(_ text: String) {
        // Lines of the log that are still on their way belong before it.
        LogOutput.flush()
        StandardStream.error.write(Array("reactor: \(text)\n".utf8))
    }

    /// `text` in a style, where a person reads it.
    static func styled(_ text: String, _ style: Style) -> String {
        StandardStream.output.isTerminal ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Rows as aligned columns; the last is not padded.
    static func table(_ rows: [[String]]) -> [String] {
        var widths: [Int] = []
        for row in rows {
            for (column, text) in row.enumerated() {
                if column == widths.count { widths.append(0) }
                widths[column] = max(widths[column], text.count)
            }
        }
        return rows.map { row in
            row.enumerated().map { column, text in
                column == row.count - 1 ? text : text + String(repeating: " ", count: widths[column] - text.count)
            }.joined(separator: "  ")
        }
    }
}

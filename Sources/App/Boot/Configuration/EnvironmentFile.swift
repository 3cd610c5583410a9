// The .env file: text -> names and values, the way python-dotenv and docker compose read it. Pure.
//
// swift-configuration has a parser of its own, which keeps quotation marks as part of the value and drops lines it does not
// understand; a SECRET_KEY that means something else here than in the program it comes from is worse than an error.

/// Reads `NAME=value` lines.
enum EnvironmentFile {
    /// A line that is none.
    struct SyntaxError: Error, Equatable {
        let line: Int
    }

    /// The variables of a file; of a name that is set twice the last counts.
    ///
    /// Understood: blank lines, `#` comments (also behind an unquoted value, after white space), `export NAME=value`, single
    /// quotes (verbatim), double quotes (with `\n`, `\r`, `\t`, `\"`, `\\`). Values are not expanded.
    static func parse(_ text: String) throws(SyntaxError) -> [String: String] {
        var variables: [String: String] = [:]
        // "\r\n" is one Character, and a newline like any other.
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            var rest = line.trimmed
            if rest.isEmpty || rest.first == "#" { continue }
            if rest.hasPrefix("export ") { rest = rest.dropFirst(7).trimmed }
            guard let separator = rest.firstIndex(of: "=") else { throw SyntaxError(line: index + 1) }
            let name = rest[..<separator].trimmed
            guard !name.isEmpty, name.allSatisfy({ $0 == "_" || ($0.isASCII && ($0.isLetter || $0.isNumber)) }),
                let value = value(of: rest[rest.index(after: separator)...].trimmed)
            else { throw SyntaxError(line: index + 1) }
            variables[String(name)] = value
        }
        return variables
    }

    private static func value(of text: Substring) -> String? {
        guard let quote = text.first, quote == "'" || quote == "\"" else { return unquoted(text) }
        var value = ""
        var index = text.index(after: text.startIndex)
        while index < text.endIndex, text[index] != quote {
            var character = text[index]
            if quote == "\"", character == "\\" {
                index = text.index(after: index)
                guard index < text.endIndex else { return nil }
                character = unescaped(text[index])
            }
            value.append(character)
            index = text.index(after: index)
        }
        guard index < text.endIndex else { return nil }
        let rest = text[text.index(after: index)...].trimmed
        return rest.isEmpty || rest.first == "#" ? value : nil
    }

    private static func unescaped(_ character: Character) -> Character {
        switch character {
        case "n": "\n"
        case "r": "\r"
        case "t": "\t"
        default: character
        }
    }

    private static func unquoted(_ text: Substring) -> String {
        var end = text.startIndex
        var previous: Character = " "
        while end < text.endIndex {
            if text[end] == "#", previous.isWhitespace { break }
            previous = text[end]
            end = text.index(after: end)
        }
        return String(text[..<end].trimmed)
    }
}

extension StringProtocol where SubSequence == Substring {
    /// Without white space at either end.
    var trimmed: Substring {
        var rest = self[startIndex..<endIndex]
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return rest
    }
}

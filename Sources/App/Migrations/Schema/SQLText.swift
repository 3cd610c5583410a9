// Taking SQL apart as far as comparing it needs: both databases keep expressions, each in its own spelling. Pure.

/// Words of SQL, and expressions in a form that does not depend on who printed them.
enum SQLText {
    /// The words as SQL again, in any spacing.
    static func text(_ tokens: [Token]) -> String {
        tokens.map { $0.kind == .quoted ? identifier($0.text) : $0.text }.joined(separator: " ")
    }

    /// One word, literal or symbol.
    struct Token: Sendable, Hashable {
        enum Kind: Sendable, Hashable {
            /// A keyword or an identifier, in lower case unless it was quoted.
            case word
            /// A quoted identifier, without its quotes.
            case quoted
            /// `'text'`, with its quotes, inner ones doubled.
            case literal
            case number
            case symbol
        }

        var kind: Kind
        var text: String
    }

    /// The words of a statement or an expression; white space and comments are gone.
    static func tokens(_ sql: String) -> [Token] {
        var scanner = Scanner(bytes: Array(sql.utf8))
        var tokens: [Token] = []
        while let token = scanner.next() { tokens.append(token) }
        return tokens
    }

    /// An expression without what the databases add or leave out: casts, parentheses, and the two ways to say "one of".
    ///
    /// For telling whether two expressions that a person wrote mean the same column and values, not for reading them:
    /// grouping is lost.
    static func canonical(_ expression: String) -> String {
        canonical(tokens(expression))
    }

    static func canonical(_ tokens: [Token]) -> String {
        var words: [String] = []
        var rest = tokens[...]
        while let token = rest.popFirst() {
            if token.text == "::", token.kind == .symbol {
                skipType(&rest)
            } else if token.kind == .symbol, ["(", ")", "[", "]", ",", "=", ";"].contains(token.text) {
                continue
            } else if token.kind == .word, ["any", "array", "in"].contains(token.text) {
                continue
            } else {
                words.append(token.text == "!=" && token.kind == .symbol ? "<>" : token.text)
            }
        }
        return words.joined(separator: " ")
    }

    /// `character varying(20)[]`, `timestamp with time zone`.
    private static func skipType(_ rest: inout ArraySlice<Token>) {
        guard rest.popFirst() != nil else { return }
        while let next = rest.first, next.kind == .word, ["varying", "precision", "with", "without", "time", "zone"].contains(next.text) {
            rest.removeFirst()
        }
        if rest.first?.text == "(", rest.dropFirst().first?.kind == .number {
            while let token = rest.popFirst(), token.text != ")" {}
        }
        while rest.first?.text == "[", rest.dropFirst().first?.text == "]" { rest.removeFirst(2) }
    }

    /// The words between the parenthesis at `start` and the one that closes it, and where that is.
    static func parenthesized(_ tokens: [Token], from start: Int) -> (inner: [Token], end: Int)? {
        guard tokens.indices.contains(start), tokens[start].text == "(", tokens[start].kind == .symbol else { return nil }
        var depth = 0
        for index in start..<tokens.count where tokens[index].kind == .symbol {
            if tokens[index].text == "(" { depth += 1 }
            if tokens[index].text == ")" { depth -= 1 }
            if depth == 0 { return (Array(tokens[(start + 1)..<index]), index) }
        }
        return nil
    }

    /// A list taken apart at the commas that stand in no parenthesis.
    static func list(_ tokens: [Token]) -> [[Token]] {
        var items: [[Token]] = [[]]
        var depth = 0
        for token in tokens {
            if token.kind == .symbol {
                if token.text == "(" { depth += 1 }
                if token.text == ")" { depth -= 1 }
                if token.text == ",", depth == 0 {
                    items.append([])
                    continue
                }
            }
            items[items.count - 1].append(token)
        }
        return items.filter { !$0.isEmpty }
    }

    /// A name as SQL: quoted, so that `order` and `Name` mean themselves.
    static func identifier(_ name: String) -> String {
        "\"\(name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\""
    }

    /// A text as SQL.
    static func literal(_ text: String) -> String {
        "'\(text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''"))'"
    }
}

/// Walks through the bytes of SQL.
private struct Scanner {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func next() -> SQLText.Token? {
        skipBlanksAndComments()
        guard let byte = peek() else { return nil }
        switch byte {
        case UInt8(ascii: "'"): return SQLText.Token(kind: .literal, text: SQLText.literal(quoted(by: byte)))
        case UInt8(ascii: "\""), UInt8(ascii: "`"): return SQLText.Token(kind: .quoted, text: quoted(by: byte))
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            return SQLText.Token(kind: .number, text: take { Scanner.isWord($0) || $0 == UInt8(ascii: ".") })
        case let byte where Scanner.isWord(byte): return SQLText.Token(kind: .word, text: take(Scanner.isWord).lowercased())
        default: return symbol()
        }
    }

    private func peek(_ distance: Int = 0) -> UInt8? {
        position + distance < bytes.count ? bytes[position + distance] : nil
    }

    /// Beyond ASCII everything may be in a name.
    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...:
            true
        default: false
        }
    }

    private mutating func skipBlanksAndComments() {
        while let byte = peek() {
            if [0x20, 0x09, 0x0A, 0x0D].contains(byte) {
                position += 1
            } else if byte == UInt8(ascii: "-"), peek(1) == UInt8(ascii: "-") {
                while let byte = peek(), byte != 0x0A { position += 1 }
            } else if byte == UInt8(ascii: "/"), peek(1) == UInt8(ascii: "*") {
                position += 2
                while peek() != nil, !(peek() == UInt8(ascii: "*") && peek(1) == UInt8(ascii: "/")) { position += 1 }
                position += 2
            } else {
                return
            }
        }
    }

    private mutating func take(_ belongs: (UInt8) -> Bool) -> String {
        let start = position
        while let byte = peek(), belongs(byte) { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// What stands between quotes; a doubled quote is one.
    private mutating func quoted(by quote: UInt8) -> String {
        position += 1
        var content: [UInt8] = []
        while let byte = peek() {
            position += 1
            if byte == quote {
                guard peek() == quote else { break }
                position += 1
            }
            content.append(byte)
        }
        return String(decoding: content, as: UTF8.self)
    }

    private mutating func symbol() -> SQLText.Token {
        let pair = String(decoding: bytes[position..<min(position + 2, bytes.count)], as: UTF8.self)
        if ["::", ">=", "<=", "<>", "!=", "||"].contains(pair) {
            position += 2
            return SQLText.Token(kind: .symbol, text: pair)
        }
        position += 1
        return SQLText.Token(kind: .symbol, text: String(decoding: [bytes[position - 1]], as: UTF8.self))
    }
}

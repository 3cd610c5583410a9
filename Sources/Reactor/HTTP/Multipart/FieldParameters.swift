// `value; name=value; name="quoted value"`: what Content-Type and Content-Disposition have in common (RFC 9110 5.6.6). Pure.

/// A field value in its parts, as bytes: names may hold UTF-8, and only who reads them knows.
struct FieldParameters {
    /// What stands before the first semicolon, in lower case.
    var value: [UInt8]
    /// In order, names in lower case, values without their quotation marks.
    var parameters: [(name: [UInt8], value: [UInt8])] = []

    /// Nil for what is malformed.
    static func parse(_ field: [UInt8]) -> FieldParameters? {
        var rest = field[...]
        let value = takeUnquoted(&rest).map(HTTPCharacters.lowercased)
        guard !value.isEmpty else { return nil }
        var parsed = FieldParameters(value: value)
        while rest.popFirst() != nil {
            skipWhitespace(&rest)
            // A semicolon at the end, or two in a row, is forgiven (RFC 9110 5.6.6).
            if rest.first ?? UInt8(ascii: ";") == UInt8(ascii: ";") { continue }
            let name = Array(rest.prefix { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: ";") })
            rest = rest.dropFirst(name.count)
            guard !name.isEmpty, name.allSatisfy({ HTTPCharacters.token.contains($0) }), rest.popFirst() == UInt8(ascii: "=") else {
                return nil
            }
            let isQuoted = rest.first == UInt8(ascii: "\"")
            guard let value = isQuoted ? takeQuoted(&rest) : takeUnquoted(&rest) else { return nil }
            // Where a word with a space or a quotation mark in it ends is a matter of opinion.
            guard isQuoted || !value.contains(where: { HTTPCharacters.isWhitespace($0) || $0 == UInt8(ascii: "\"") }) else { return nil }
            parsed.parameters.append((name.map(HTTPCharacters.lowercased), value))
        }
        return parsed
    }

    /// The parameter of that name; nil where there is none.
    /// - Throws: `error` where there are several: programs disagree on which of them counts.
    func only(_ name: StaticString, orThrow error: MultipartError) throws(MultipartError) -> [UInt8]? {
        let wanted = Array("\(name)".utf8)
        let found = parameters.filter { $0.name == wanted }
        guard found.count <= 1 else { throw error }
        return found.first?.value
    }

    /// Up to the next semicolon, without the white space around it.
    private static func takeUnquoted(_ rest: inout ArraySlice<UInt8>) -> [UInt8] {
        var taken = rest.prefix { $0 != UInt8(ascii: ";") }
        rest = rest.dropFirst(taken.count)
        skipWhitespace(&taken)
        while let last = taken.last, HTTPCharacters.isWhitespace(last) { taken.removeLast() }
        return Array(taken)
    }

    /// Nil where the quotation mark is not closed, or something else than a semicolon follows.
    private static func takeQuoted(_ rest: inout ArraySlice<UInt8>) -> [UInt8]? {
        var value: [UInt8] = []
        rest.removeFirst()
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""):
                skipWhitespace(&rest)
                return rest.isEmpty || rest.first == UInt8(ascii: ";") ? value : nil
            case UInt8(ascii: "\\"):
                // Only these two were ever escaped: browsers send `C:\file` as it is, and the backslash is part of it.
                if let next = rest.first, next == UInt8(ascii: "\"") || next == UInt8(ascii: "\\") {
                    rest.removeFirst()
                    value.append(next)
                } else {
                    value.append(byte)
                }
            default: value.append(byte)
            }
        }
        return nil
    }

    private static func skipWhitespace(_ bytes: inout ArraySlice<UInt8>) {
        while let byte = bytes.first, HTTPCharacters.isWhitespace(byte) { bytes.removeFirst() }
    }
}

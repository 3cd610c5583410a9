// The case of text from outside: code point by code point, by tables. Pure; any thread.
//
// `String.lowercased()` looks its mapping up for each code point and makes a string of it: 50 times the cost of ASCII. A table of what
// it says, made once, has one price for all scripts.

extension Text {
    /// In lower case, code point by code point and in no language (Unicode 5.18.4, full mappings). O(bytes); the first call of the
    /// process makes the table, in a few milliseconds.
    public func lowercased() -> Text {
        isASCII ? lowercasedASCII() : mapped(by: .lowercase)
    }

    /// In upper case, by way of lower case: `ẞ` is `SS` as `ß` is, the Kelvin sign is `K`, and the two forms of a small sigma are the
    /// same. Code point by code point and in no language, as ICU's root collation has it on PostgreSQL. O(bytes), as for
    /// ``lowercased()``.
    ///
    /// For searching. Addresses and names that are the same under it may belong to two people.
    public func foldedCase() -> Text {
        isASCII ? Text(decoding: utf8.map { $0 &- 0x61 < 26 ? $0 & 0xDF : $0 }) : mapped(by: .folded)
    }

    private func mapped(by table: CaseTable) -> Text {
        let bytes = utf8.span
        var mapped: [UInt8] = []
        mapped.reserveCapacity(bytes.count)
        var position = 0
        while position < bytes.count { position += table.map(bytes, at: position, into: &mapped) }
        return Text(decoding: mapped)
    }
}

/// What every code point that has a case becomes.
private struct CaseTable: Sendable {
    static let lowercase = CaseTable { Array($0.properties.lowercaseMapping.unicodeScalars) }
    static let folded = CaseTable { scalar in
        scalar.properties.lowercaseMapping.unicodeScalars.flatMap { Array($0.properties.uppercaseMapping.unicodeScalars) }
    }

    private static let pageSize = 256
    /// Scripts with letters of two cases end with Adlam, at U+1E943.
    private static let end: UInt32 = 0x1F000
    /// Stands in a page for a mapping to several code points.
    private static let several: UInt32 = .max

    /// Where a page's code points stand in `mappings`; nil for a page in which nothing changes.
    private var pages: [Int?] = []
    private var mappings: [UInt32] = []
    private var severals: [UInt32: [Unicode.Scalar]] = [:]

    private init(_ mapping: (Unicode.Scalar) -> [Unicode.Scalar]) {
        for start in stride(from: 0, to: CaseTable.end, by: CaseTable.pageSize) {
            var page = (0..<UInt32(CaseTable.pageSize)).map { start + $0 }
            var changes = false
            for offset in page.indices {
                guard let scalar = Unicode.Scalar(page[offset]), scalar.properties.changesWhenCaseMapped else { continue }
                let mapped = mapping(scalar)
                guard mapped != [scalar] else { continue }
                changes = true
                page[offset] = mapped.count == 1 ? mapped[0].value : CaseTable.several
                if mapped.count > 1 { severals[scalar.value] = mapped }
            }
            pages.append(changes ? mappings.count : nil)
            if changes { mappings += page }
        }
    }

    /// Appends what the code point at `position` becomes, in UTF-8.
    /// - Returns: how many bytes it has. They are well-formed.
    func map(_ bytes: Span<UInt8>, at position: Int, into mapped: inout [UInt8]) -> Int {
        let first = bytes[position]
        if first < 0x80 {
            // Every ASCII letter becomes one of ASCII: a page is there for them.
            mapped.append(UInt8(truncatingIfNeeded: mapping(of: UInt32(first))))
            return 1
        }
        let length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        var value = (UInt32(first) & (0x7F &>> UInt32(length))) &<< 6 | UInt32(bytes[position + 1] & 0x3F)
        if length > 2 { value = value &<< 6 | UInt32(bytes[position + 2] & 0x3F) }
        if length > 3 { value = value &<< 6 | UInt32(bytes[position + 3] & 0x3F) }
        let mapping = mapping(of: value)
        if mapping == CaseTable.several {
            for scalar in severals[value] ?? [] { CaseTable.append(scalar.value, to: &mapped) }
        } else {
            CaseTable.append(mapping, to: &mapped)
        }
        return length
    }

    private func mapping(of value: UInt32) -> UInt32 {
        let page = Int(truncatingIfNeeded: value &>> 8)
        guard page < pages.count, let start = pages[page] else { return value }
        return mappings[start &+ Int(truncatingIfNeeded: value & 0xFF)]
    }

    private static func append(_ value: UInt32, to mapped: inout [UInt8]) {
        if value < 0x80 { return mapped.append(UInt8(truncatingIfNeeded: value)) }
        if value < 0x800 {
            mapped.append(UInt8(truncatingIfNeeded: 0xC0 | value >> 6))
        } else {
            if value < 0x1_0000 {
                mapped.append(UInt8(truncatingIfNeeded: 0xE0 | value >> 12))
            } else {
                mapped.append(UInt8(truncatingIfNeeded: 0xF0 | value >> 18))
                mapped.append(UInt8(truncatingIfNeeded: 0x80 | value >> 12 & 0x3F))
            }
            mapped.append(UInt8(truncatingIfNeeded: 0x80 | value >> 6 & 0x3F))
        }
        mapped.append(UInt8(truncatingIfNeeded: 0x80 | value & 0x3F))
    }
}

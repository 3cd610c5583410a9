// Values -> JSON bytes, appended straight to one array: no intermediate tree, no String of the document. A value; one owner.

import Reactor

/// Writes compact JSON. Containers are balanced by whoever calls; commas are the writer's business.
struct JSONWriter {
    private(set) var bytes: [UInt8]

    init(reserving capacity: Int = 256) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    mutating func null() {
        bytes.append(contentsOf: "null".utf8)
    }

    mutating func bool(_ value: Bool) {
        bytes.append(contentsOf: value ? "true".utf8 : "false".utf8)
    }

    mutating func integer(_ value: some FixedWidthInteger & SignedInteger) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        // The magnitude, because Int.min has no positive counterpart.
        var rest = UInt64(truncatingIfNeeded: value.magnitude)
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var first = 20
        repeat {
            first -= 1
            digits[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        for position in first..<20 { bytes.append(digits[position]) }
    }

    /// A number as it stands: a database's exact numeric, or one that was parsed.
    mutating func number(_ value: JSONNumber) {
        bytes.append(contentsOf: value.text.utf8)
    }

    /// A finite double; JSON has no spelling for the others, so they are null.
    mutating func double(_ value: Double) {
        guard value.isFinite else { return null() }
        // "1e+16" and "5.0" are both JSON as Swift writes them.
        bytes.append(contentsOf: value.description.utf8)
    }

    /// RFC 3339 in UTC.
    mutating func timestamp(_ value: Timestamp) {
        bytes.append(UInt8(ascii: "\""))
        value.appendRFC3339(to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// A text from outside.
    mutating func string(_ text: Text) {
        // TEXT: only its bytes are written.
        string(text.swiftString)
    }

    mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        // Runs without escapes are copied whole.
        let source = text.utf8.span
        var runStart = 0
        for index in source.indices {
            let byte = source[index]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
            appendRun(of: text, runStart..<index)
            bytes.append(contentsOf: JSONWriter.escape(byte))
            runStart = index + 1
        }
        appendRun(of: text, runStart..<source.count)
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func value(_ value: JSONValue) {
        switch value {
        case .null: null()
        case .bool(let flag): bool(flag)
        case .number(let value): number(value)
        case .string(let text): string(text)
        case .array(let elements):
            beginArray()
            for element in elements {
                separate()
                self.value(element)
            }
            endArray()
        case .object(let object):
            beginObject()
            for member in object.members {
                name(member.name)
                self.value(member.value)
            }
            endObject()
        }
    }
}

// MARK: - Containers

extension JSONWriter {
    mutating func beginObject() { bytes.append(UInt8(ascii: "{")) }
    mutating func endObject() { bytes.append(UInt8(ascii: "}")) }
    mutating func beginArray() { bytes.append(UInt8(ascii: "[")) }
    mutating func endArray() { bytes.append(UInt8(ascii: "]")) }

    /// Before an element of an array.
    mutating func separate() {
        // A complete value never ends in an opening bracket (a string ends in its quotation mark), so the last byte tells
        // whether something stands before us: no stack of states is kept.
        guard let last = bytes.last, last != UInt8(ascii: "["), last != UInt8(ascii: "{") else { return }
        bytes.append(UInt8(ascii: ","))
    }

    /// A member's name and colon; its value follows.
    mutating func name(_ name: String) {
        self.name(Text(name))
    }

    mutating func name(_ name: Text) {
        separate()
        string(name)
        bytes.append(UInt8(ascii: ":"))
    }

    /// Bytes that are JSON already: a schema's escaped names, a cached document.
    mutating func verbatim(_ json: [UInt8]) {
        bytes.append(contentsOf: json)
    }
}

// MARK: - Escaping

extension JSONWriter {
    private mutating func appendRun(of text: String, _ run: Range<Int>) {
        guard !run.isEmpty else { return }
        let utf8 = text.utf8
        guard run.count < utf8.count else { return bytes.append(contentsOf: utf8) }
        bytes.append(
            contentsOf: utf8[utf8.index(utf8.startIndex, offsetBy: run.lowerBound)..<utf8.index(utf8.startIndex, offsetBy: run.upperBound)])
    }

    private static func escape(_ byte: UInt8) -> [UInt8] {
        switch byte {
        case UInt8(ascii: "\""): quotationMark
        case UInt8(ascii: "\\"): backslash
        default: controls[Int(byte)]
        }
    }

    private static let quotationMark = Array(#"\""#.utf8)
    private static let backslash = Array(#"\\"#.utf8)
    /// Of the bytes below a space, in order.
    private static let controls: [[UInt8]] = (0..<0x20).map { (byte: UInt8) in
        switch byte {
        case 0x08: Array(#"\b"#.utf8)
        case 0x09: Array(#"\t"#.utf8)
        case 0x0A: Array(#"\n"#.utf8)
        case 0x0C: Array(#"\f"#.utf8)
        case 0x0D: Array(#"\r"#.utf8)
        default: Array(#"\u00"#.utf8) + [HexDigit.lowercase(byte >> 4), HexDigit.lowercase(byte & 0x0F)]
        }
    }
}

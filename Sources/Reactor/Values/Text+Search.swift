// Looking into text from outside: by bytes, and never by `Character`, whose comparison normalises. Pure; any thread.

import CLibuv

extension Text {
    /// Whether the text begins with these bytes. O(bytes of `prefix`).
    public func hasPrefix(_ prefix: Text) -> Bool {
        let (own, wanted) = (storage.utf8.span, prefix.storage.utf8.span)
        guard own.count >= wanted.count else { return false }
        for index in wanted.indices where own[index] != wanted[index] { return false }
        return true
    }

    /// Whether the text ends with these bytes. O(bytes of `suffix`).
    public func hasSuffix(_ suffix: Text) -> Bool {
        let (own, wanted) = (storage.utf8.span, suffix.storage.utf8.span)
        let start = own.count - wanted.count
        guard start >= 0 else { return false }
        for index in wanted.indices where own[start + index] != wanted[index] { return false }
        return true
    }

    /// Whether one of the bytes is this one. For an ASCII character that is whether the text holds it: no byte of a longer sequence of
    /// UTF-8 is ASCII. O(bytes).
    public func contains(_ byte: UInt8) -> Bool {
        let bytes = storage.utf8.span
        for index in bytes.indices where bytes[index] == byte { return true }
        return false
    }

    /// Whether these bytes stand anywhere in the text, by the C library's two-way search (Crochemore and Perrin, 1991). O(bytes of both).
    public func contains(_ other: Text) -> Bool {
        guard !other.isEmpty else { return true }
        // SAFETY: both spans' bytes are initialized and outlive the call, which keeps no pointer.
        return unsafe storage.utf8.span.withUnsafeBytes { own in
            unsafe other.storage.utf8.span.withUnsafeBytes { wanted in
                unsafe reactor_contains(own.baseAddress, UInt(own.count), wanted.baseAddress, UInt(wanted.count)) != 0
            }
        }
    }

    /// Whether one of a comma-separated list's elements is this word, without regard to ASCII case; parameters after a `;` do not count
    /// (RFC 9110 5.6.1). O(bytes).
    /// - Parameter word: in lower case.
    public func lists(_ word: String) -> Bool {
        let wanted = word.utf8.span
        return containsElement { element in
            var end = 0
            while end < element.count, element[end] != UInt8(ascii: ";") { end += 1 }
            while end > 0, HTTPCharacters.isWhitespace(element[end - 1]) { end -= 1 }
            guard end == wanted.count else { return false }
            for index in wanted.indices where HTTPCharacters.lowercased(element[index]) != wanted[index] { return false }
            return true
        }
    }

    /// Whether the condition holds for an element of this comma-separated list, without the white space around it (RFC 9110 5.6.1).
    /// Makes no text of the elements: a field may hold thousands. O(bytes), and what the condition costs.
    public func containsElement(where isWanted: (Span<UInt8>) -> Bool) -> Bool {
        let bytes = storage.utf8.span
        var start = 0
        while start <= bytes.count {
            var end = start
            while end < bytes.count, bytes[end] != UInt8(ascii: ",") { end += 1 }
            var (first, last) = (start, end)
            while first < last, HTTPCharacters.isWhitespace(bytes[first]) { first += 1 }
            while last > first, HTTPCharacters.isWhitespace(bytes[last - 1]) { last -= 1 }
            if first < last, isWanted(bytes.extracting(first..<last)) { return true }
            start = end + 1
        }
        return false
    }

    /// Equality that does not regard the case of ASCII letters. O(bytes), and O(1) where the lengths differ.
    public func equalsIgnoringCase(_ other: String) -> Bool {
        let (own, wanted) = (storage.utf8.span, other.utf8.span)
        guard own.count == wanted.count else { return false }
        for index in own.indices where HTTPCharacters.lowercased(own[index]) != HTTPCharacters.lowercased(wanted[index]) { return false }
        return true
    }

    // MARK: Parts

    /// The text with its ASCII letters in lower case; other letters stay as they are. O(bytes).
    public func lowercasedASCII() -> Text {
        let bytes = storage.utf8.span
        for index in bytes.indices where HTTPCharacters.lowercased(bytes[index]) != bytes[index] {
            return Text(decoding: storage.utf8.map(HTTPCharacters.lowercased))
        }
        return self
    }

    /// Without the ASCII white space around it: spaces, tabs, line ends. O(bytes).
    public func trimmed() -> Text {
        let whole = Substring(storage).utf8
        let inner = whole.trimmingASCIIWhitespace()
        return inner.count == whole.count ? self : Text(decoding: inner)
    }

    /// What stands before the first such byte; all of it where there is none. O(bytes).
    /// - Parameter byte: ASCII.
    public func prefix(before byte: UInt8) -> Text {
        guard let end = storage.utf8.firstIndex(of: byte) else { return self }
        return Text(decoding: storage.utf8[..<end])
    }

    /// What stands on either side of the first such byte; nil where there is none. O(bytes).
    /// - Parameter byte: ASCII.
    public func cut(at byte: UInt8) -> (before: Text, after: Text)? {
        guard let place = storage.utf8.firstIndex(of: byte) else { return nil }
        return (Text(decoding: storage.utf8[..<place]), Text(decoding: storage.utf8[storage.utf8.index(after: place)...]))
    }

    /// What stands on either side of the last such byte; nil where there is none. O(bytes).
    /// - Parameter byte: ASCII.
    public func cutLast(at byte: UInt8) -> (before: Text, after: Text)? {
        guard let place = storage.utf8.lastIndex(of: byte) else { return nil }
        return (Text(decoding: storage.utf8[..<place]), Text(decoding: storage.utf8[storage.utf8.index(after: place)...]))
    }

    /// The parts between separators, empty ones included. O(bytes).
    /// - Parameters:
    ///   - byte: ASCII.
    ///   - maxSplits: the last part is what is left after so many cuts.
    public func split(on byte: UInt8, maxSplits: Int = .max) -> [Text] {
        storage.utf8.split(separator: byte, maxSplits: maxSplits, omittingEmptySubsequences: false).map { Text(decoding: $0) }
    }

    /// The parts between separators from the last one to the first, without the empty ones. Lazy: each costs its own bytes.
    /// - Parameter byte: ASCII.
    public func partsFromEnd(on byte: UInt8) -> PartsFromEnd { PartsFromEnd(text: self, separator: byte, end: byteCount) }

    /// Walks through a text from its end.
    public struct PartsFromEnd: Sequence, IteratorProtocol, Sendable {
        let text: Text
        let separator: UInt8
        var end: Int

        public mutating func next() -> Text? {
            let bytes = text.storage.utf8.span
            while end > 0, bytes[end - 1] == separator { end -= 1 }
            guard end > 0 else { return nil }
            var start = end
            while start > 0, bytes[start - 1] != separator { start -= 1 }
            let utf8 = text.utf8
            let part = Text(decoding: utf8[utf8.index(utf8.startIndex, offsetBy: start)..<utf8.index(utf8.startIndex, offsetBy: end)])
            end = start
            return part
        }
    }

    /// The longest beginning that has at most `maxScalars` code points: what `varchar(n)` of PostgreSQL counts. O(bytes kept).
    public func clipped(toScalars maxScalars: Int) -> Text {
        guard byteCount > maxScalars else { return self }
        let scalars = unicodeScalars
        guard let end = scalars.index(scalars.startIndex, offsetBy: maxScalars, limitedBy: scalars.endIndex), end < scalars.endIndex else {
            return self
        }
        return Text(decoding: utf8[..<end])
    }

    /// The longest beginning that has at most `maxBytes` bytes and ends between code points. O(1) where nothing is cut.
    public func cut(toBytes maxBytes: Int) -> Text {
        guard byteCount > maxBytes else { return self }
        let bytes = storage.utf8.span
        var end = maxBytes
        // A byte 10xxxxxx continues a code point.
        while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return Text(decoding: storage.utf8.prefix(end))
    }
}

extension Substring.UTF8View {
    /// Without spaces, tabs and line ends around it.
    fileprivate func trimmingASCIIWhitespace() -> Substring.UTF8View {
        var view = self
        while let first = view.first, first == 0x20 || (0x09...0x0D).contains(first) { view = view.dropFirst() }
        while let last = view.last, last == 0x20 || (0x09...0x0D).contains(last) { view = view.dropLast() }
        return view
    }
}

extension RawRepresentable where Self: CaseIterable, RawValue == String {
    /// The case whose raw value these bytes are; nil where there is none. `init(rawValue:)` of a `String` normalises.
    public init?(_ text: Text) {
        guard let found = Self.allCases.first(where: { text == $0.rawValue }) else { return nil }
        self = found
    }
}

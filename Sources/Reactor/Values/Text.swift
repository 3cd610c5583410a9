// Text from outside: request fields, JSON, forms, file names, rows that clients wrote. A value; any thread.
//
// Swift's `String` compares, hashes, searches and changes case by canonical equivalence (Unicode Standard Annex 15): it normalises both
// sides, and to sort a run of n combining marks takes n^2 steps. A client chooses n: a name of 16,000 marks held a loop for 1.5 s. The
// type below has the same bytes and none of those operations. All of its own cost O(bytes), and most stop earlier.

/// UTF-8 text that compares, hashes, searches and folds by its bytes.
///
/// Two texts are equal where their bytes are. `é` in one code point and `é` in two are different texts here, as they are in
/// PostgreSQL, in SQLite and in Python.
///
/// A `Text` does not become a `String` by itself: interpolating one into a `String` does not compile. ``asciiString`` is the checked way
/// out (operations on ASCII never normalise), ``swiftString`` the unchecked one, which `make lint` asks a reason for.
public struct Text: Sendable {
    /// UTF-8 in one piece, as every string on Linux is: its bytes are reached without a copy.
    @usableFromInline var storage: String

    /// Wraps a string: no bytes are looked at, so this costs nothing.
    @inlinable
    public init(_ string: String) {
        storage = string
    }

    /// Decodes bytes, and replaces what is not UTF-8 by U+FFFD. O(bytes).
    @inlinable
    public init(decoding bytes: some Collection<UInt8>) {
        storage = String(validating: bytes, as: UTF8.self) ?? UTF8Repair.string(Array(bytes))
    }

    /// Decodes bytes; nil where they are not UTF-8. O(bytes).
    @inlinable
    public init?(validating bytes: some Sequence<UInt8>) {
        guard let string = String(validating: bytes, as: UTF8.self) else { return nil }
        storage = string
    }

    /// Encodes code points. O(code points).
    public init(scalars: some Sequence<Unicode.Scalar>) {
        storage = String(String.UnicodeScalarView(scalars))
    }

    // MARK: What it is made of

    /// The bytes. Comparing and searching them is what this type is for.
    @inlinable public var utf8: String.UTF8View { storage.utf8 }

    /// The code points, decoded one by one: O(1) each.
    @inlinable public var unicodeScalars: String.UnicodeScalarView { storage.unicodeScalars }

    /// How long the text is in UTF-8. O(1): asked before anything else looks at a text.
    @inlinable public var byteCount: Int { storage.utf8.count }

    @inlinable public var isEmpty: Bool { storage.utf8.isEmpty }

    /// Whether every byte is ASCII. O(bytes).
    public var isASCII: Bool {
        let bytes = storage.utf8.span
        for index in bytes.indices where bytes[index] >= 0x80 { return false }
        return true
    }

    // MARK: Ways out

    /// The same text as a `String`, where it is ASCII: `String`'s operations never normalise that. Nil otherwise. O(bytes).
    public var asciiString: String? { isASCII ? storage : nil }

    /// The same text as a `String`, whatever it holds.
    ///
    /// Do not compare, hash, search or change the case of the result. For libraries that take a `String` and only copy its bytes; each
    /// use carries a comment `// TEXT:` that says so, which `make lint` asks for.
    @inlinable public var swiftString: String { storage }
}

// MARK: - Equality

extension Text: Hashable {
    @inlinable
    public static func == (left: Text, right: Text) -> Bool { equal(left.storage, right.storage) }

    @inlinable
    public static func == (left: Text, right: String) -> Bool { equal(left.storage, right) }

    @inlinable
    public static func != (left: Text, right: String) -> Bool { !(left == right) }

    /// Most texts that differ do so in length.
    @inlinable
    static func equal(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && Text.areSameBytes(left, right)
    }

    /// - Precondition: both have as many bytes.
    @usableFromInline
    static func areSameBytes(_ left: String, _ right: String) -> Bool {
        let (left, right) = (left.utf8.span, right.utf8.span)
        // SAFETY: the index stays under both counts, which are equal; callers compare them first.
        for index in left.indices where unsafe left[unchecked: index] != right[unchecked: index] { return false }
        return true
    }

    public func hash(into hasher: inout Hasher) {
        // SAFETY: the span's bytes are initialized, and are not kept.
        unsafe storage.utf8.span.withUnsafeBytes { bytes in unsafe hasher.combine(bytes: bytes) }
        // No byte of UTF-8: it tells (`ab`, `c`) from (`a`, `bc`).
        hasher.combine(0xFF as UInt8)
    }
}

/// In the order of bytes, which is the order of code points.
extension Text: Comparable {
    public static func < (left: Text, right: Text) -> Bool {
        let (left, right) = (left.utf8.span, right.utf8.span)
        for index in 0..<min(left.count, right.count) where left[index] != right[index] { return left[index] < right[index] }
        return left.count < right.count
    }
}

// MARK: - Literals and concatenation

extension Text: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    @inlinable
    public init(stringLiteral value: String) { storage = value }

    @inlinable
    public init(stringInterpolation interpolation: Interpolation) { storage = interpolation.storage }

    /// Joins texts, strings and numbers into a text.
    public struct Interpolation: StringInterpolationProtocol {
        @usableFromInline var storage: String

        @inlinable
        public init(literalCapacity: Int, interpolationCount: Int) {
            storage = ""
            // What the standard library guesses: a short text then needs no allocation.
            storage.reserveCapacity(literalCapacity + 2 * interpolationCount)
        }

        @inlinable public mutating func appendLiteral(_ literal: String) { storage += literal }
        @inlinable public mutating func appendInterpolation(_ text: Text) { storage += text.storage }
        @inlinable public mutating func appendInterpolation(_ string: String) { storage += string }
        @inlinable public mutating func appendInterpolation(_ number: some FixedWidthInteger) { storage += String(number) }
    }

    @inlinable
    public static func + (left: Text, right: Text) -> Text { Text(left.storage + right.storage) }

    /// An empty text with room for so many bytes, to be made longer by `+=` without another allocation.
    @inlinable
    public init(reservingBytes count: Int) {
        storage = ""
        storage.reserveCapacity(count)
    }

    @inlinable
    public static func += (left: inout Text, right: Text) { left.storage += right.storage }

    @inlinable
    public static func += (left: inout Text, right: String) { left.storage += right }
}

/// A `String` made of text from outside would be compared and hashed like any other. `Package.swift` makes errors of these two
/// deprecations; were the functions unavailable, the compiler would quietly take the generic one of the standard library.
extension DefaultStringInterpolation {
    @available(*, deprecated, message: "make a Text of it, or use asciiString; for a log, escape it")
    public mutating func appendInterpolation(_ text: Text) { appendLiteral(text.storage) }

    @available(*, deprecated, message: "make a Text of it, or use asciiString; for a log, escape it")
    public mutating func appendInterpolation(_ text: Text?) { appendLiteral(text?.storage ?? "nil") }
}

/// For the failure messages of tests and for debuggers.
extension Text: CustomDebugStringConvertible {
    public var debugDescription: String { storage.debugDescription }
}

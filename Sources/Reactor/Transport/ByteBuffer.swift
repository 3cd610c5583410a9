// Bytes on their way out: a growable array with a read position, so that a partial write moves an index and not the bytes.
// A value; whoever holds it owns it.

/// A growable run of bytes that is appended at its end and consumed at its start.
public struct ByteBuffer: Sendable {
    private var storage: [UInt8]
    private var start = 0

    public init() {
        storage = []
    }

    /// Takes the bytes over without copying them.
    public init(_ bytes: consuming [UInt8]) {
        storage = bytes
    }

    public var count: Int { storage.count - start }
    public var isEmpty: Bool { storage.count == start }
    public var capacity: Int { storage.capacity }

    /// The unconsumed bytes.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = unsafe storage.span.bytes
            return unsafe _overrideLifetime(span.extracting(start..<span.byteCount), borrowing: self)
        }
    }

    public mutating func reserve(_ additional: Int) {
        storage.reserveCapacity(storage.count + additional)
    }

    @inlinable
    public mutating func append(_ byte: UInt8) {
        appendByte(byte)
    }

    @usableFromInline
    mutating func appendByte(_ byte: UInt8) {
        storage.append(byte)
    }

    public mutating func append(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { unsafe storage.append(contentsOf: $0) }
    }

    public mutating func append(_ bytes: [UInt8]) {
        storage.append(contentsOf: bytes)
    }

    public mutating func append(_ text: String) {
        storage.append(contentsOf: text.utf8)
    }

    /// Appends a text's bytes.
    public mutating func append(_ text: Text) {
        // TEXT: only its bytes are copied.
        append(text.swiftString)
    }

    public mutating func append(_ text: StaticString) {
        // SAFETY: a StaticString's UTF-8 bytes live as long as the program.
        unsafe storage.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends `name: value` and a line end, with one look at the capacity instead of four.
    mutating func append(field name: RawSpan, _ value: RawSpan) {
        let count = name.byteCount + value.byteCount + 4
        storage.append(addingCapacity: count) { output in
            unsafe output.withUnsafeMutableBufferPointer { room, written in
                let line = UnsafeMutableRawBufferPointer(room)
                // SAFETY: there is room for `count` bytes, and the four parts are as many.
                unsafe name.withUnsafeBytes { unsafe line.copyMemory(from: $0) }
                var end = name.byteCount
                unsafe line[end] = UInt8(ascii: ":")
                unsafe line[end + 1] = UInt8(ascii: " ")
                end += 2
                unsafe value.withUnsafeBytes { unsafe UnsafeMutableRawBufferPointer(rebasing: line[end...]).copyMemory(from: $0) }
                end += value.byteCount
                unsafe line[end] = UInt8(ascii: "\r")
                unsafe line[end + 1] = UInt8(ascii: "\n")
                written = count
            }
        }
    }

    /// Appends a number in decimal.
    public mutating func append(decimal value: Int) {
        storage.append(decimal: Int64(value))
    }

    /// Appends a number in lower-case hexadecimal, as a chunk's size is written.
    public mutating func append(hexadecimal value: Int) {
        let digits: StaticString = "0123456789abcdef"
        var shift = max(0, (Int.bitWidth - value.leadingZeroBitCount + 3) / 4 * 4 - 4)
        while shift >= 0 {
            // SAFETY: the index is four bits, and the table has sixteen entries.
            unsafe storage.append(digits.utf8Start[(value >> shift) & 0xF])
            shift -= 4
        }
    }

    /// Drops `count` bytes from the start.
    public mutating func consume(_ count: Int) {
        precondition(count >= 0 && count <= self.count)
        start += count
        if start == storage.count {
            storage.removeAll(keepingCapacity: true)
            start = 0
        } else if start > 65_536 && start > storage.count / 2 {
            // The consumed front outweighs what is left: one move now instead of an ever longer array.
            storage.removeSubrange(0..<start)
            start = 0
        }
    }

    public mutating func removeAll(keepingCapacity: Bool) {
        storage.removeAll(keepingCapacity: keepingCapacity)
        start = 0
    }

    /// The unconsumed bytes for a call into C; the pointer is valid only inside `body`.
    func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try unsafe bytes.withUnsafeBytes(body)
    }
}

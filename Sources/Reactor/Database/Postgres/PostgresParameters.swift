// Bindings in the form in which libpq wants them. Scratch space of one connection, used again for each statement.

/// Encoded parameters: text for everything but bytes, since the server then decides the type from the context.
struct PostgresParameters {
    private var bytes: [UInt8] = []
    private var offsets: [Int] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []

    /// More than any statement needs; a value that is larger is not kept in the scratch space.
    private static let keptBytes = 65_536

    var count: Int { offsets.count }

    /// - Throws: `.statement` for a text with U+0000, which PostgreSQL cannot store, and for more than 65,535 bindings.
    mutating func encode(_ bindings: [SQLValue]) throws(DatabaseError) {
        guard bindings.count <= 65_535 else {
            throw .statement(sqlState: "54023", message: "more than 65535 bindings")
        }
        bytes.removeAll(keepingCapacity: bytes.capacity <= PostgresParameters.keptBytes)
        offsets.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        formats.removeAll(keepingCapacity: true)
        for binding in bindings { try append(binding) }
    }

    private mutating func append(_ binding: SQLValue) throws(DatabaseError) {
        let start = bytes.count
        var isBinary = false
        switch binding {
        case .null:
            offsets.append(-1)
            lengths.append(0)
            formats.append(0)
            return
        case .bool(let value): bytes.append(UInt8(ascii: value ? "t" : "f"))
        case .int(let value): bytes.append(decimal: value)
        case .double(let value): bytes.append(contentsOf: value.description.utf8)
        case .decimal(let text), .uuid(let text): bytes.append(contentsOf: text.utf8)
        case .text(let text):
            bytes.append(contentsOf: text.utf8)
            guard !bytes[start...].contains(0) else {
                throw .statement(sqlState: "22021", message: "a text binding holds U+0000")
            }
        case .timestamp(let value): value.appendRFC3339(to: &bytes)
        case .bytes(let value):
            isBinary = true
            bytes.append(contentsOf: value)
        }
        guard let length = Int32(exactly: bytes.count - start) else {
            throw .statement(sqlState: "54000", message: "a binding is larger than 2 GiB")
        }
        // Texts are C strings for libpq; binary values have their length.
        bytes.append(0)
        offsets.append(start)
        lengths.append(length)
        formats.append(isBinary ? 1 : 0)
    }

    /// Lends the parameters as C arrays: values, lengths, formats.
    // SAFETY: the pointers lie in arrays that are not changed during the call, and libpq copies what it is given.
    @unsafe
    func withPointers<R>(
        _ body: (UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> R
    ) -> R {
        unsafe bytes.withUnsafeBytes { bytes in
            let base = unsafe bytes.bindMemory(to: CChar.self).baseAddress
            let values = unsafe offsets.map { offset in unsafe offset < 0 ? nil : base.map { unsafe $0 + offset } }
            return unsafe values.withUnsafeBufferPointer { values in
                unsafe lengths.withUnsafeBufferPointer { lengths in
                    unsafe formats.withUnsafeBufferPointer { formats in
                        unsafe body(values.baseAddress, lengths.baseAddress, formats.baseAddress)
                    }
                }
            }
        }
    }
}

// The fortunes test: all rows and one more, sorted, as a page. A value of lets; on its pool's loop.

import Actors
import Reactor

/// The fortune table.
struct Fortunes: Sendable {
    let database: DatabasePool
    private let selectAll: SQLStatement

    struct Fortune: Sendable {
        let id: Int64
        /// UTF-8, whose order by bytes is the order by code points.
        let message: [UInt8]
    }

    init(_ database: DatabasePool, syncsEach: Bool) {
        let select = "SELECT id, message FROM fortune"
        self.database = database
        selectAll = syncsEach ? .write(select) : .read(select)
    }

    /// The page's bytes.
    func page() async throws(DatabaseError) -> [UInt8] {
        let rows = try await database.execute(selectAll, [])
        var fortunes: [Fortune] = []
        fortunes.reserveCapacity(rows.count + 1)
        for row in rows { fortunes.append(Fortune(id: try row.int(0), message: try row.bytes(1))) }
        fortunes.append(Fortune(id: 0, message: Array("Additional fortune added at request time.".utf8)))
        return Fortunes.html(fortunes)
    }

    /// Sorted by message.
    static func html(_ fortunes: [Fortune]) -> [UInt8] {
        let sorted = fortunes.sorted { $0.message.lexicographicallyPrecedes($1.message) }
        var body: [UInt8] = []
        // Markup and a row's worth of text each; what is longer makes the array grow.
        body.reserveCapacity(128 + sorted.count * 128)
        body.append(contentsOf: "<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table>".utf8)
        body.append(contentsOf: "<tr><th>id</th><th>message</th></tr>".utf8)
        for fortune in sorted {
            body.append(contentsOf: "<tr><td>".utf8)
            body.append(decimal: fortune.id)
            body.append(contentsOf: "</td><td>".utf8)
            append(escaped: fortune.message, to: &body)
            body.append(contentsOf: "</td></tr>".utf8)
        }
        body.append(contentsOf: "</table></body></html>".utf8)
        return body
    }

    /// Copies the runs between characters that HTML gives a meaning.
    private static func append(escaped text: [UInt8], to body: inout [UInt8]) {
        var start = 0
        for (position, byte) in text.enumerated() {
            guard let replacement = replacement(for: byte) else { continue }
            body.append(contentsOf: text[start..<position])
            body.append(contentsOf: replacement.utf8)
            start = position + 1
        }
        body.append(contentsOf: text[start...])
    }

    @inline(__always)
    private static func replacement(for byte: UInt8) -> String? {
        switch byte {
        case UInt8(ascii: "&"): "&amp;"
        case UInt8(ascii: "<"): "&lt;"
        case UInt8(ascii: ">"): "&gt;"
        case UInt8(ascii: "\""): "&quot;"
        case UInt8(ascii: "'"): "&#39;"
        default: nil
        }
    }
}

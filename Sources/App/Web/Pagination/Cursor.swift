// A place in a sorted list, handed to clients as an opaque text: the key of the last row they saw. Finding
// the rows of a page by it costs the same on the first page and on the millionth, which `skip` does not. Pure.

import Reactor

/// The key after which a page begins.
struct Cursor: Sendable, Hashable {
    /// The row's value in the leading sort column, as text; nil where rows are sorted by id alone.
    let sortKey: Text?
    let id: Int64

    init(sortKey: Text? = nil, id: Int64) {
        self.sortKey = sortKey
        self.id = id
    }

    /// The text for clients. Not signed: a made-up cursor shows another page of what its maker may see anyway.
    var token: String {
        let text: Text = if let sortKey { "1.\(id).\(sortKey)" } else { "1.\(id)" }
        return Base64URL.encode(Array(text.utf8))
    }

    /// Nil for a text that is not a cursor of ours.
    init?(token: Text) {
        guard token.byteCount <= 512, let bytes = Base64URL.decode(token), let text = Text(validating: bytes) else { return nil }
        let parts = text.split(on: UInt8(ascii: "."), maxSplits: 2)
        guard parts.count >= 2, parts[0] == "1", let id = parts[1].asciiString.flatMap({ Int64($0) }) else { return nil }
        self.id = id
        sortKey = parts.count == 3 ? parts[2] : nil
        guard sortKey?.contains(0) != true else { return nil }
    }
}

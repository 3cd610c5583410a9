// A place in a sorted list, handed to clients as an opaque text: the key of the last row they saw. Finding
// the rows of a page by it costs the same on the first page and on the millionth, which `skip` does not. Pure.

/// The key after which a page begins.
struct Cursor: Sendable, Hashable {
    /// The row's value in the leading sort column, as text; nil where rows are sorted by id alone.
    let sortKey: String?
    let id: Int64

    init(sortKey: String? = nil, id: Int64) {
        self.sortKey = sortKey
        self.id = id
    }

    /// The text for clients. Not signed: a made-up cursor shows another page of what its maker may see anyway.
    var token: String {
        let text = sortKey.map { "1.\(id).\($0)" } ?? "1.\(id)"
        return Base64URL.encode(Array(text.utf8))
    }

    /// Nil for a text that is not a cursor of ours.
    init?(token: String) {
        guard token.utf8.count <= 512, let bytes = Base64URL.decode(token), let text = String(validating: bytes, as: UTF8.self) else {
            return nil
        }
        let parts = text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0] == "1", let id = Int64(parts[1]) else { return nil }
        self.id = id
        sortKey = parts.count == 3 ? String(parts[2]) : nil
        guard sortKey?.utf8.contains(0) != true else { return nil }
    }
}

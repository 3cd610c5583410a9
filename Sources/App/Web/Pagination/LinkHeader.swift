// The Link header field of a list (RFC 8288): where the pages before and after are. Pure.

import Reactor

/// Builds Link header fields.
enum LinkHeader {
    /// What is known about a list when one of its pages is answered.
    struct Position {
        let page: PageRequest
        /// How many elements this page has.
        let count: Int
        /// How many the list has; nil where nobody counted.
        let total: Int?
        /// Where the next page begins; nil on the last one, and where paging goes by `skip`.
        var nextCursor: Cursor?
    }

    /// - Parameters:
    ///   - path: as it was requested.
    ///   - query: as it was requested; what filters the list stays.
    /// - Returns: nil where there is neither a page before nor one after.
    static func value(path: Text, query: Text?, _ position: Position) -> String? {
        let kept = keptPairs(query)
        func link(_ parameters: String, _ relation: String) -> String {
            "<\(safe(path))?\((kept + [parameters]).joined(separator: "&"))>; rel=\"\(relation)\""
        }
        let page = position.page
        var links: [String] = []
        if let next = position.nextCursor {
            links.append(link("limit=\(page.limit)&cursor=\(next.token)", "next"))
        } else if page.cursor == nil, hasNext(position) {
            links.append(link("skip=\(page.skip + position.count)&limit=\(page.limit)", "next"))
        }
        if page.cursor == nil, page.skip > 0 {
            links.append(link("skip=\(max(0, page.skip - page.limit))&limit=\(page.limit)", "prev"))
        }
        if page.cursor != nil || page.skip > 0 { links.append(link("limit=\(page.limit)", "first")) }
        return links.isEmpty ? nil : links.joined(separator: ", ")
    }

    private static func hasNext(_ position: Position) -> Bool {
        let end = position.page.skip + position.count
        guard position.count > 0, end <= PageRequest.maxSkip else { return false }
        return position.total.map { end < $0 } ?? (position.count >= position.page.limit)
    }

    private static func keptPairs(_ query: Text?) -> [String] {
        guard let query, !query.isEmpty else { return [] }
        return query.split(on: UInt8(ascii: "&")).compactMap { pair in
            guard !pair.isEmpty else { return nil }
            return ["skip", "limit", "cursor"].contains(pair.prefix(before: UInt8(ascii: "="))) ? nil : safe(pair)
        }
    }

    /// What could end the reference or the field is percent-encoded: the text comes from the client.
    private static func safe(_ text: Text) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "<"), byte != UInt8(ascii: ">"), byte != UInt8(ascii: "\"") {
                bytes.append(byte)
            } else {
                bytes.append(contentsOf: [UInt8(ascii: "%"), HexDigit.uppercase(byte >> 4), HexDigit.uppercase(byte & 0x0F)])
            }
        }
        return String(ascii: bytes)
    }
}

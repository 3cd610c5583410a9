// A page of a list, encoded: what a cache keeps, and what an answer is made of. Pure.

import Reactor

/// The JSON of a page as it is sent, and what its header fields tell.
struct EncodedPage: Sendable, Hashable {
    let json: [UInt8]
    /// Of the JSON: its entity tag, made once and not for each answer.
    let hash: UInt64
    /// Elements of this page.
    let count: Int
    /// Elements of the list.
    let total: Int
    /// Where the page after this one begins; nil where there is none.
    let nextCursor: Cursor?

    /// - Parameter lastID: of the page's last element; nil for an empty page.
    init(json: [UInt8], count: Int, total: Int, lastID: Int64?, _ request: PageRequest) {
        self.json = json
        hash = XXHash64.hash(json.span)
        self.count = count
        self.total = total
        // Behind a cursor nobody knows how many are left: a full page may be followed by an empty one.
        let mayGoOn = count == request.limit && (request.cursor != nil || request.skip + count < total)
        nextCursor = mayGoOn ? lastID.map { Cursor(id: $0) } : nil
    }
}

// MARK: - In a cache

extension EncodedPage {
    private static let headerBytes = 32

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(EncodedPage.headerBytes + json.count)
        // Ids begin at 1: zero stands for no cursor.
        for value in [Int64(count), Int64(total), nextCursor?.id ?? 0, Int64(bitPattern: hash)] {
            for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: value >> Int64(shift))) }
        }
        bytes.append(contentsOf: json)
        return bytes
    }

    /// Nil for bytes that are no page.
    init?(bytes: [UInt8]) {
        guard bytes.count >= EncodedPage.headerBytes else { return nil }
        func number(_ index: Int) -> Int64 {
            var value: Int64 = 0
            for position in index * 8..<index * 8 + 8 { value = value << 8 | Int64(bytes[position]) }
            return value
        }
        count = Int(number(0))
        total = Int(number(1))
        nextCursor = number(2) > 0 ? Cursor(id: number(2)) : nil
        hash = UInt64(bitPattern: number(3))
        json = Array(bytes[EncodedPage.headerBytes...])
    }
}

// MARK: - In an answer

extension Reply {
    /// A page with its count, its links and its cursor.
    static func page(_ page: EncodedPage, _ request: PageRequest, of context: RequestContext) -> Reply {
        // Whoever pages by `skip` is led on by `skip`; the cursor is offered beside it.
        if let cursor = page.nextCursor {
            context.answerHeaders.append(HeaderField(name: "X-Next-Cursor", value: cursor.token))
        }
        var reply = Reply.page(
            encoded: page.json, count: page.count, total: page.total, request, of: context,
            nextCursor: request.cursor == nil ? nil : page.nextCursor)
        reply.headers.append(HeaderField(name: "ETag", value: EntityTag.strong(hash: page.hash)))
        return reply
    }
}

// A list's answer: the elements, how many there are in all, and links to the other pages.

import Reactor

extension Reply {
    /// A page of a list.
    /// - Parameters:
    ///   - total: of the whole list; nil leaves `X-Total-Count` out.
    ///   - nextCursor: where the next page begins, for lists that offer cursors.
    static func page<Element: JSONRepresentable>(
        _ elements: [Element], total: Int?, _ page: PageRequest, of context: RequestContext, nextCursor: Cursor? = nil
    ) -> Reply where Body == [Element] {
        .page(encoded: elements.json, count: elements.count, total: total, page, of: context, nextCursor: nextCursor)
    }

    /// The same for a page that was encoded before; `count` is how many elements it has.
    static func page(
        encoded: [UInt8], count: Int, total: Int?, _ page: PageRequest, of context: RequestContext, nextCursor: Cursor? = nil
    ) -> Reply {
        var headers: [HeaderField] = []
        headers.reserveCapacity(3)
        if let total { headers.append(HeaderField(name: "X-Total-Count", value: String(total))) }
        let position = LinkHeader.Position(page: page, count: count, total: total, nextCursor: nextCursor)
        if let link = LinkHeader.value(path: context.request.path, query: context.request.query, position) {
            headers.append(HeaderField(name: "Link", value: link))
        }
        return Reply(encoded: encoded, headers: headers)
    }
}

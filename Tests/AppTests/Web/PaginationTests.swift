import Reactor
import Testing

@testable import App

@Suite struct PaginationTests {
    private let fields = PageRequest.Fields(defaultLimit: 100)

    private func page(_ query: String) throws -> PageRequest {
        let schema = ObjectSchema("Query", unknownMembers: .ignored, fields.skip, fields.limit, fields.cursor)
        var validation = Validation(at: ["query"])
        let values = schema.values(of: FormDecoding.object(Array(query.utf8), names: schema.fieldNames), echoesObject: false, &validation)
        try validation.finish()
        return PageRequest(try #require(values), fields)
    }

    @Test func defaultsAndBounds() throws {
        try #expect(page("") == PageRequest(skip: 0, limit: 100))
        try #expect(page("skip=20&limit=5&other=x") == PageRequest(skip: 20, limit: 5))
        for (query, type) in [
            ("limit=0", "greater_than_equal"), ("limit=101", "less_than_equal"), ("skip=-1", "greater_than_equal"),
            ("skip=abc", "int_parsing"), ("skip=", "int_parsing"), ("cursor=abc", "value_error"),
            ("skip=9223372036854775807", "less_than_equal"),
        ] {
            let error = #expect(throws: APIError.self) { try page(query) }
            #expect(error?.faults.map(\.kind.type) == [type])
            #expect(error?.faults.first?.location.first == "query")
        }
    }

    @Test func cursorsComeBackAsTheyWent() throws {
        for cursor in [
            Cursor(id: 1), Cursor(id: .max), Cursor(sortKey: "2026-01-02 03:04:05.678901", id: 42), Cursor(sortKey: "ä.b.😀", id: -1),
            Cursor(sortKey: "", id: 0),
        ] {
            #expect(Cursor(token: Text(cursor.token)) == cursor)
            try #expect(page("cursor=\(cursor.token)").cursor == cursor)
            #expect(cursor.token.utf8.allSatisfy { $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "/") })
        }
    }

    @Test(arguments: ["", "!", "MQ", "Mi4x", "MS54", "MS4x=", "MS4xA", String(repeating: "A", count: 1_000)])
    func refusesMadeUpCursors(token: String) {
        #expect(Cursor(token: Text(token)) == nil)
    }

    @Test func base64URLIsCanonical() {
        for length in 0..<40 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 250) }
            #expect(Base64URL.decode(Text(Base64URL.encode(bytes))) == bytes)
        }
        #expect(Base64URL.encode([0xFB, 0xFF]) == "-_8")
        #expect(Base64URL.decode("-_9") == nil)
        #expect(Base64URL.decode("A") == nil)
    }

    private func link(
        _ query: String?, skip: Int = 0, limit: Int = 10, count: Int = 10, total: Int?, next: Cursor? = nil, from: Cursor? = nil
    )
        -> String?
    {
        let position = LinkHeader.Position(
            page: PageRequest(skip: skip, limit: limit, cursor: from), count: count, total: total, nextCursor: next)
        return LinkHeader.value(path: "/tasks", query: query.map { Text($0) }, position)
    }

    @Test func linksToThePagesBeforeAndAfter() {
        #expect(link(nil, total: 25) == "</tasks?skip=10&limit=10>; rel=\"next\"")
        #expect(
            link("status=pending&skip=10&limit=10", skip: 10, total: 25)
                == "</tasks?status=pending&skip=20&limit=10>; rel=\"next\", </tasks?status=pending&skip=0&limit=10>; rel=\"prev\", "
                + "</tasks?status=pending&limit=10>; rel=\"first\"")
        #expect(
            link(nil, skip: 20, count: 5, total: 25)
                == "</tasks?skip=10&limit=10>; rel=\"prev\", </tasks?limit=10>; rel=\"first\"")
        #expect(link(nil, count: 3, total: 3) == nil)
        #expect(link(nil, count: 0, total: 0) == nil)
    }

    @Test func linksByCursorWhereThereIsOne() {
        let cursor = Cursor(id: 10)
        #expect(link(nil, total: nil, next: cursor) == "</tasks?limit=10&cursor=\(cursor.token)>; rel=\"next\"")
        #expect(link("cursor=abc&q=x", total: nil, from: cursor) == "</tasks?q=x&limit=10>; rel=\"first\"")
    }

    @Test func nothingFromTheQueryEscapesItsReference() {
        let value = link("q=a>;rel=x,<b\"\r\nX-Evil:1", total: 25)
        #expect(value == "</tasks?q=a%3E;rel=x,%3Cb%22%0D%0AX-Evil:1&skip=10&limit=10>; rel=\"next\"")
    }
}

// A request's body between whoever feeds it and whoever reads it.

import TestSupport
import Testing

@testable import Reactor

@Suite struct HTTPRequestBodyTests {
    @Test func whatIsGivenBackIsReadFirst() async throws {
        try await withLoop { isolation in
            let body = HTTPRequestBody(loop: isolation.loop)
            body.begin(.contentLength(6))
            let bytes: [UInt8] = [1, 2, 3, 4, 5, 6]
            body.feed(bytes.span.bytes.extracting(first: 4))
            try #expect(await body.next() == [1, 2, 3, 4])
            body.unread([1, 2, 3, 4])
            // It waits for its reader and not for the connection.
            #expect(body.bufferedBytes == 0)
            body.feed(bytes.span.bytes.extracting(last: 2))
            body.finish()
            try #expect(await body.collect(upTo: 6) == bytes)
            try #expect(await body.next() == nil)
            body.unread([5, 6])
            body.unread([4])
            try #expect(await body.collect(upTo: 6) == [4, 5, 6])
            body.unread(bytes)
            await #expect(throws: HTTPBodyError.tooLarge(limit: 5)) { try await body.collect(upTo: 5) }
        }
    }

    @Test func aNewRequestBeginsWithABodyOfItsOwn() async throws {
        try await withLoop { isolation in
            let body = HTTPRequestBody(loop: isolation.loop)
            body.begin(.contentLength(1))
            body.unread([1])
            body.begin(.none)
            try #expect(await body.next() == nil)
            body.unread([1])
            body.discard()
            try #expect(await body.next() == nil)
        }
    }
}

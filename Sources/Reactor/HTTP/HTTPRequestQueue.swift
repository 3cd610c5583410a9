// The requests of one connection that wait for their turn. A value of two words: most of the time there is one request or none, and
// an idle connection pays for no more.

import DequeModule

/// First in, first out.
struct HTTPRequestQueue {
    private var first: HTTPRequest?
    /// Behind the first: only a client that pipelines gets here. Gives its storage back when it is empty.
    private var others = Deque<HTTPRequest>()

    var isEmpty: Bool { first == nil }
    var count: Int { first == nil ? 0 : 1 + others.count }
    var last: HTTPRequest? { others.last ?? first }

    /// Bytes of bodies that have arrived and were not read.
    var bufferedBodyBytes: Int {
        guard let first else { return 0 }
        return others.reduce(first.body.bufferedBytes) { $0 + $1.body.bufferedBytes }
    }

    mutating func append(_ request: HTTPRequest) {
        if first == nil { first = request } else { others.append(request) }
    }

    mutating func popFirst() -> HTTPRequest? {
        guard let request = first else { return nil }
        first = nil
        guard !others.isEmpty else { return request }
        first = others.popFirst()
        if others.isEmpty { others = Deque() }
        return request
    }

    mutating func removeAll() {
        first = nil
        others = Deque()
    }
}

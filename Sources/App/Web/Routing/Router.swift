// Method + path -> route. A trie of segments in one flat array, built at boot and shared by all loops; a lookup allocates
// nothing unless a segment is percent-encoded.
//
// At each segment a literal wins over a parameter. Of the parameters the one whose kind fits wins: /tasks/7 goes to
// {task_id:int} and /tasks/<uuid> to {job_id:uuid}. Where none fits, the first declared takes it, so that /tasks/abc is a
// validation fault that says what was expected, as in FastAPI, and not a bare 404.

import Reactor

/// Finds the route of a request.
struct Router: Sendable {
    private struct Node: Sendable {
        var literals: [Literal] = []
        /// In the order of their declaration.
        var parameters: [Parameter] = []
        /// By method; empty where no route ends here.
        var routes: [Route] = []
        var allow = ""
    }

    private struct Literal: Sendable {
        let bytes: [UInt8]
        let node: Int
    }

    private struct Parameter: Sendable {
        let kind: PathParameter.Kind
        let node: Int
    }

    /// What routes may be declared with, for requests that ask about the server and not about a path of it.
    static let serverMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"

    private var nodes = [Node()]

    init(_ routes: [Route]) {
        for route in routes { insert(route) }
        for index in nodes.indices { nodes[index].allow = Router.allow(nodes[index].routes) }
    }

    /// - Parameter path: percent-encoded, without the query; answers with and without a slash at its end.
    func match(_ method: HTTPMethod, _ path: Span<UInt8>) -> RouteMatch {
        // OPTIONS * asks about the server (RFC 9110 9.3.7).
        if method == .options, path.count == 1, path[0] == UInt8(ascii: "*") {
            return .options(allow: Router.serverMethods)
        }
        guard path.count > 0, path[0] == UInt8(ascii: "/") else { return .notFound }
        // One slash at the end is forgiven, two are not: "//" is another path than "/".
        let hasTrailingSlash =
            path.count > 1 && path[path.count - 1] == UInt8(ascii: "/") && path[path.count - 2] != UInt8(ascii: "/")
        let end = hasTrailingSlash ? path.count - 1 : path.count
        var captures = PathCaptures()
        guard let found = find(from: 0, path, at: 1, end: end, &captures) else { return .notFound }
        // HEAD is GET without the body, which the connection leaves out.
        let wanted: HTTPMethod = method == .head ? .get : method
        for route in nodes[found].routes where route.method == wanted { return .route(route, captures) }
        return method == .options ? .options(allow: nodes[found].allow) : .methodNotAllowed(allow: nodes[found].allow)
    }

    /// The node where routes end that `path[start..<end]` leads to; tries the less specific roads after the more specific ones.
    private func find(
        from index: Int, _ path: Span<UInt8>, at start: Int, end: Int, _ captures: inout PathCaptures
    ) -> Int? {
        guard start < end else { return nodes[index].routes.isEmpty ? nil : index }
        var segmentEnd = start
        var isEncoded = false
        while segmentEnd < end, path[segmentEnd] != UInt8(ascii: "/") {
            if path[segmentEnd] == UInt8(ascii: "%") { isEncoded = true }
            segmentEnd += 1
        }
        // An empty segment ("//") names nothing.
        let segment = start..<segmentEnd
        guard !segment.isEmpty else { return nil }

        if let next = literal(of: index, path, segment, isEncoded: isEncoded),
            let found = find(from: next, path, at: segmentEnd + 1, end: end, &captures)
        {
            return found
        }
        guard !nodes[index].parameters.isEmpty, Router.isAcceptable(path, segment) else { return nil }
        captures.append(segment)
        if let found = parameter(of: index, path, segment, end: end, fitting: true, &captures) { return found }
        if let found = parameter(of: index, path, segment, end: end, fitting: false, &captures) { return found }
        captures.removeLast()
        return nil
    }

    private func parameter(
        of index: Int, _ path: Span<UInt8>, _ segment: Range<Int>, end: Int, fitting: Bool, _ captures: inout PathCaptures
    ) -> Int? {
        for parameter in nodes[index].parameters where Router.fits(path, segment, parameter.kind) == fitting {
            if let found = find(from: parameter.node, path, at: segment.upperBound + 1, end: end, &captures) { return found }
        }
        return nil
    }

    private func literal(of index: Int, _ path: Span<UInt8>, _ segment: Range<Int>, isEncoded: Bool) -> Int? {
        if isEncoded {
            // %74asks is tasks (RFC 3986 6.2.2.2).
            guard let text = PathDecoding.text(of: path, segment) else { return nil }
            let bytes = Array(text.utf8)
            return nodes[index].literals.first { $0.bytes == bytes }?.node
        }
        for literal in nodes[index].literals where Router.equals(literal.bytes, path, segment) { return literal.node }
        return nil
    }

    private static func equals(_ literal: [UInt8], _ path: Span<UInt8>, _ segment: Range<Int>) -> Bool {
        guard literal.count == segment.count else { return false }
        for offset in literal.indices where literal[offset] != path[segment.lowerBound + offset] { return false }
        return true
    }

    /// Whether a segment can be a parameter's value at all; what cannot be decoded names nothing.
    private static func isAcceptable(_ path: Span<UInt8>, _ segment: Range<Int>) -> Bool {
        var isPlain = true
        for index in segment where !isUnreserved(path[index]) { isPlain = false }
        let isDots = path[segment.lowerBound] == UInt8(ascii: ".")
        return isPlain && !isDots ? true : PathDecoding.text(of: path, segment) != nil
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func fits(_ path: Span<UInt8>, _ segment: Range<Int>, _ kind: PathParameter.Kind) -> Bool {
        switch kind {
        case .text:
            return true
        case .uuid:
            return UUIDText.isHyphenated(path.extracting(segment))
        case .integer:
            var index = segment.lowerBound
            if path[index] == UInt8(ascii: "-"), segment.count > 1 { index += 1 }
            while index < segment.upperBound {
                guard path[index] &- UInt8(ascii: "0") < 10 else { return false }
                index += 1
            }
            return true
        }
    }
}

// MARK: - Building

extension Router {
    private mutating func insert(_ route: Route) {
        var index = 0
        for segment in route.template.segments {
            switch segment {
            case .literal(let text): index = child(of: index, literal: Array(text.utf8))
            case .parameter(let parameter): index = child(of: index, parameter: parameter.kind)
            }
        }
        precondition(
            !nodes[index].routes.contains { $0.method == route.method },
            "\(route.method.rawValue) \(route.label) is declared twice")
        nodes[index].routes.append(route)
    }

    private mutating func child(of index: Int, literal bytes: [UInt8]) -> Int {
        if let known = nodes[index].literals.first(where: { $0.bytes == bytes }) { return known.node }
        nodes.append(Node())
        nodes[index].literals.append(Literal(bytes: bytes, node: nodes.count - 1))
        return nodes.count - 1
    }

    private mutating func child(of index: Int, parameter kind: PathParameter.Kind) -> Int {
        if let known = nodes[index].parameters.first(where: { $0.kind == kind }) { return known.node }
        nodes.append(Node())
        nodes[index].parameters.append(Parameter(kind: kind, node: nodes.count - 1))
        return nodes.count - 1
    }

    private static func allow(_ routes: [Route]) -> String {
        var methods = routes.map(\.method.rawValue)
        if let get = methods.firstIndex(of: "GET") { methods.insert("HEAD", at: get + 1) }
        return (methods + ["OPTIONS"]).joined(separator: ", ")
    }
}

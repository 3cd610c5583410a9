// The benchmark's routes. One responder a loop.

import Actors
import Reactor

/// Answers TechEmpower's tests, /work and /counters.
struct BenchResponder: HTTPResponder {
    private let worlds: WorldTable?
    private let fortunes: Fortunes?
    private let cachedWorlds: CachedWorlds
    private let counters: BenchCounters

    /// - Parameter cached: the random numbers by id, as they were at the start.
    init(_ stores: BenchStores, cached: [Int64], _ settings: BenchSettings, counters: BenchCounters) {
        worlds = stores.database.map { WorldTable($0, syncsEach: settings.syncsEachQuery) }
        fortunes = stores.database.map { Fortunes($0, syncsEach: settings.syncsEachQuery) }
        cachedWorlds = CachedWorlds(redis: stores.redis, numbers: cached, random: BenchRandom())
        self.counters = counters
    }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        if request.hasPath("/plaintext") { return BenchResponder.plaintext }
        if request.hasPath("/json") { return json() }
        if request.hasPath("/db") { return await world() }
        if request.hasPath("/queries") { return await queries(QueryCount.read("queries=", from: request.query)) }
        if request.hasPath("/fortunes") { return await fortunePage() }
        if request.hasPath("/updates") { return await updates(QueryCount.read("queries=", from: request.query)) }
        if request.hasPath("/cached-queries") { return await cached(QueryCount.read("count=", from: request.query)) }
        if request.hasPath("/work") { return BenchWork.response() }
        if request.hasPath("/counters") { return await counters.page() }
        return HTTPResponse(status: .notFound)
    }

    // MARK: Tests

    /// Made anew for each request, as the rules want it.
    private func json() -> HTTPResponse {
        var body: [UInt8] = []
        body.reserveCapacity(32)
        body.append(contentsOf: #"{"message":"Hello, World!"}"#.utf8)
        return BenchResponder.json(body)
    }

    private func world() async -> HTTPResponse {
        guard let worlds, let world = try? await worlds.any() else { return BenchResponder.unavailable }
        var body: [UInt8] = []
        body.reserveCapacity(World.maxJSONBytes)
        world.appendJSON(to: &body)
        return BenchResponder.json(body)
    }

    private func queries(_ count: Int) async -> HTTPResponse {
        guard let worlds, let rows = try? await worlds.any(count) else { return BenchResponder.unavailable }
        return BenchResponder.json(World.json(rows))
    }

    private func updates(_ count: Int) async -> HTTPResponse {
        guard let worlds, let rows = try? await worlds.change(count) else { return BenchResponder.unavailable }
        return BenchResponder.json(World.json(rows))
    }

    private func cached(_ count: Int) async -> HTTPResponse {
        let rows = await cachedWorlds.any(count)
        return rows.isEmpty ? BenchResponder.unavailable : BenchResponder.json(World.json(rows))
    }

    private func fortunePage() async -> HTTPResponse {
        guard let fortunes, let page = try? await fortunes.page() else { return BenchResponder.unavailable }
        return HTTPResponse(status: .ok, headers: BenchResponder.htmlHeaders, body: .bytes(page))
    }

    // MARK: Answers

    private static let plaintext = HTTPResponse(
        status: .ok, headers: headers("text/plain"), body: .bytes(Array("Hello, World!".utf8)))
    private static let unavailable = HTTPResponse(status: .serviceUnavailable)
    private static let jsonHeaders = headers("application/json")
    private static let htmlHeaders = headers("text/html; charset=utf-8")

    private static func json(_ body: [UInt8]) -> HTTPResponse {
        HTTPResponse(status: .ok, headers: jsonHeaders, body: .bytes(body))
    }

    /// With `Server`, which the rules want.
    private static func headers(_ contentType: String) -> HTTPHeaders {
        ["Server": "reactor", "Content-Type": contentType]
    }
}

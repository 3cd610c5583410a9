// The benchmark's routes. One responder a loop.

import Actors
import Reactor

/// Answers /plaintext, /json and /db.
struct BenchResponder: HTTPResponder {
    let database: DatabasePool?

    private static let plaintext = BenchResponder.prepared("Hello, World!", contentType: "text/plain")
    private static let oneWorld = SQLStatement.read("SELECT id, randomnumber FROM world WHERE id = $1")

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        if request.hasPath("/plaintext") { return BenchResponder.plaintext }
        if request.hasPath("/json") { return json() }
        if request.hasPath("/db") { return await world() }
        return HTTPResponse(status: .notFound)
    }

    /// Made anew for each request, as TechEmpower's rules want it.
    private func json() -> HTTPResponse {
        var body: [UInt8] = []
        body.reserveCapacity(32)
        body.append(contentsOf: #"{"message":"Hello, World!"}"#.utf8)
        return BenchResponder.json(body)
    }

    private func world() async -> HTTPResponse {
        guard let database else { return HTTPResponse(status: .serviceUnavailable) }
        do {
            let rows = try await database.execute(BenchResponder.oneWorld, [.int(.random(in: 1...10_000))])
            guard let row = rows.first else { return HTTPResponse(status: .notFound) }
            var body: [UInt8] = []
            body.reserveCapacity(40)
            body.append(contentsOf: #"{"id":"#.utf8)
            body.append(contentsOf: String(try row.int(0)).utf8)
            body.append(contentsOf: #","randomNumber":"#.utf8)
            body.append(contentsOf: String(try row.int(1)).utf8)
            body.append(UInt8(ascii: "}"))
            return BenchResponder.json(body)
        } catch {
            return HTTPResponse(status: .serviceUnavailable)
        }
    }

    private static func prepared(_ text: String, contentType: String) -> HTTPResponse {
        var response = HTTPResponse(status: .ok, body: .bytes(Array(text.utf8)))
        response.headers.append("Content-Type", contentType)
        return response
    }

    private static let jsonHeaders: HTTPHeaders = {
        var headers = HTTPHeaders()
        headers.append("Content-Type", "application/json")
        return headers
    }()

    private static func json(_ body: [UInt8]) -> HTTPResponse {
        HTTPResponse(status: .ok, headers: jsonHeaders, body: .bytes(body))
    }
}

/// TechEmpower's `world` table: 10,000 rows of random numbers.
enum BenchDatabase {
    static func prepare(_ database: DatabasePool) async throws {
        try await database.withTransaction { transaction in
            try await transaction.script(
                "CREATE TABLE IF NOT EXISTS world (id bigint PRIMARY KEY, randomnumber bigint NOT NULL)")
            let count = try await transaction.execute(.read("SELECT count(*) FROM world"), [])
            guard try count.first?.int(0) == 0 else { return }
            for start in stride(from: 1, through: 10_000, by: 500) {
                let values = (start..<start + 500).map { "(\($0), \(Int.random(in: 1...10_000)))" }.joined(separator: ", ")
                try await transaction.script("INSERT INTO world (id, randomnumber) VALUES \(values)")
            }
        }
    }
}

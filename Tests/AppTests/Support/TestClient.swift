// What tests talk to the application with. Loop-bound.

@testable import App
import TestSupport

/// Requests as tests write them, whatever way they take.
struct TestClient {
    let transport: any HTTPTestTransport
    /// Sent as a bearer token.
    var token: String?

    /// The same client as somebody else.
    func with(token: String?) -> TestClient {
        TestClient(transport: transport, token: token)
    }

    func get(_ target: String, _ fields: [String: String] = [:]) async throws -> HTTPTestResponse {
        try await send("GET", target, fields)
    }

    func delete(_ target: String, _ fields: [String: String] = [:]) async throws -> HTTPTestResponse {
        try await send("DELETE", target, fields)
    }

    func post(_ target: String, json: JSONValue, _ fields: [String: String] = [:]) async throws -> HTTPTestResponse {
        try await send("POST", target, json: json, fields)
    }

    func put(_ target: String, json: JSONValue, _ fields: [String: String] = [:]) async throws -> HTTPTestResponse {
        try await send("PUT", target, json: json, fields)
    }

    func patch(_ target: String, json: JSONValue, _ fields: [String: String] = [:]) async throws -> HTTPTestResponse {
        try await send("PATCH", target, json: json, fields)
    }

    /// - Parameter form: encoded already, as in `username=a&password=b`.
    func post(_ target: String, form: String, _ fields: [String: String] = [:]) async throws -> HTTPTestResponse {
        try await send("POST", target, fields.merging(["Content-Type": "application/x-www-form-urlencoded"]) { $1 }, Array(form.utf8))
    }

    func send(_ method: String, _ target: String, json: JSONValue, _ fields: [String: String] = [:]) async throws -> HTTPTestResponse {
        try await send(method, target, fields.merging(["Content-Type": "application/json"]) { $1 }, json.serialized)
    }

    func send(
        _ method: String, _ target: String, _ fields: [String: String] = [:], _ body: [UInt8]? = nil
    ) async throws -> HTTPTestResponse {
        var all = fields.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) }
        if let token, fields["Authorization"] == nil { all.append(("Authorization", "Bearer \(token)")) }
        return try await transport.send(method, target, all, body)
    }
}

extension HTTPTestResponse {
    /// The body as JSON; null where it is none, so that an expectation about a member fails and shows itself.
    var json: JSONValue { (try? JSONParser.parse(body)) ?? .null }
}

// Idempotency-Key over HTTP: the same request twice is one effect and one answer.

import Actors
import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct IdempotencyTests {
    private let key = ["Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"]
    private let milk: JSONValue = ["title": "Buy milk"]

    private func count(_ app: TestApp, _ table: String) async throws -> Int64 {
        try await app.services.database.execute(.read("SELECT count(*) FROM \(table)"), [])[0].int(0)
    }

    private func alter(_ app: TestApp, _ sql: String, _ bindings: [SQLValue] = []) async throws {
        #expect(try await app.services.database.execute(.write("UPDATE idempotency_keys SET \(sql)"), bindings).affectedRows == 1)
    }

    // MARK: Replays

    @Test(arguments: TestSetup.all)
    func theFirstAnswerIsReplayedAndNothingHappensTwice(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let first = try await user.post("/tasks", json: milk, key)
            #expect(first.status == 201)
            #expect(first.header("Idempotent-Replayed") == nil)
            let second = try await user.post("/tasks", json: milk, key)
            #expect(second.status == 201)
            #expect(second.body == first.body)
            #expect(second.header("Content-Type") == "application/json")
            #expect(second.header("Idempotent-Replayed") == "true")
            #expect(second.header("X-Request-ID") != first.header("X-Request-ID"))
            try await #expect(count(app, "tasks") == 1)
            let id = try #require(first.json["id"]?.integer)
            // Each with its own method and route: the same key is another one there.
            let changed = try await user.patch("/tasks/\(id)", json: ["title": "Buy oat milk"], key)
            #expect(changed.json["title"] == "Buy oat milk")
            let put = try await user.put("/tasks/\(id)/", json: ["title": "Buy rice milk"], key)
            #expect(put.json["title"] == "Buy rice milk")
            try await #expect(user.patch("/tasks/\(id)", json: ["title": "Buy oat milk"], key).body == changed.body)
            try await #expect(user.get("/tasks/\(id)").json["title"] == "Buy rice milk")
            let deleted = try await user.delete("/tasks/\(id)", key)
            try await #expect(user.delete("/tasks/\(id)", key).body == deleted.body)
            try await #expect(user.delete("/tasks/\(id)").status == 404)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func anAnswerWithoutABodyAndARefusalAreAnswersToo(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let admin = try await app.admin()
            let taken: JSONValue = ["email": "admin@example.com", "password": "password123", "role": "user"]
            let conflict = try await admin.post("/api/v1/users", json: taken, key)
            #expect(conflict.code == "USER_EXISTS")
            let again = try await admin.post("/api/v1/users", json: taken, key)
            #expect(again.status == 409)
            #expect(again.body == conflict.body)
            #expect(again.header("Idempotent-Replayed") == "true")
            let fault = try await admin.post("/tasks", json: ["title": ""], key)
            try await #expect(admin.post("/tasks", json: ["title": ""], key).body == fault.body)
            let id = try #require(
                try await admin.post("/users", json: ["name": "Ada", "email": "ada@example.com"]).json["id"]?.integer)
            try await #expect(admin.delete("/users/\(id)", key).status == 204)
            let gone = try await admin.delete("/users/\(id)", key)
            #expect(gone.status == 204)
            #expect(gone.body.isEmpty)
            #expect(gone.header("Idempotent-Replayed") == "true")
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aKeyBelongsToWhoeverSentIt(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let ada = try await app.registered("ada")
            let bob = try await app.registered("bob")
            let first = try await ada.post("/tasks", json: milk, key)
            let second = try await bob.post("/tasks", json: milk, key)
            #expect(second.status == 201)
            #expect(second.json["owner_id"] != first.json["owner_id"])
            // Somebody without a token is told apart by the address.
            let entry: JSONValue = ["name": "Eve", "email": "eve@example.com"]
            let made = try await app.client.post("/users", json: entry, key)
            #expect(made.status == 201)
            try await #expect(app.client.post("/users", json: entry, key).body == made.body)
            try await #expect(ada.post("/users", json: entry, key).code == "USER_EXISTS")
            // What is kept of a user goes with the user.
            try await #expect(count(app, "idempotency_keys WHERE user_id IS NOT NULL") == 3)
            _ = try await ada.delete("/auth/me")
            try await #expect(count(app, "idempotency_keys WHERE user_id IS NOT NULL") == 1)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func anotherRequestUnderTheSameKeyIsRefused(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let id = try #require(try await user.post("/tasks", json: milk, key).json["id"]?.integer)
            for answer in [
                try await user.post("/tasks", json: ["title": "Buy bread"], key), try await user.post("/tasks?x=1", json: milk, key),
                try await user.post("/tasks", json: [:], key),
            ] {
                #expect(answer.status == 422)
                #expect(answer.code == "IDEMPOTENCY_KEY_REUSED")
            }
            _ = try await user.delete("/tasks/\(id)", key)
            try await #expect(user.delete("/tasks/\(id + 1)", key).code == "IDEMPOTENCY_KEY_REUSED")
            try await #expect(count(app, "tasks") == 0)
        }
    }

    @Test func whatIsNoKeyIsAFault() async throws {
        try await TestApp.run { app in
            let user = try await app.registered()
            func faults(_ key: String) async throws -> Set<String> {
                try await user.post("/tasks", json: milk, ["Idempotency-Key": key]).faults
            }
            try await #expect(faults("") == ["string_too_short at header.Idempotency-Key"])
            try await #expect(faults("a b") == ["string_pattern_mismatch at header.Idempotency-Key"])
            try await #expect(faults("ä") == ["string_pattern_mismatch at header.Idempotency-Key"])
            try await #expect(faults(String(repeating: "x", count: 256)) == ["string_too_long at header.Idempotency-Key"])
            try await #expect(faults(String(repeating: "~", count: 255)) == [])
            #expect(throws: APIError.self) { try IdempotencyHeader.key(in: ["a", "b"]) }
            try await #expect(count(app, "tasks") == 1)
            // Safe methods do not take one.
            try await #expect(user.get("/tasks", ["Idempotency-Key": "a b"]).status == 200)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aKeyIsTheSameUnderEveryPrefix(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let first = try await user.post("/tasks", json: milk, key)
            let second = try await user.post("/api/v1/tasks", json: milk, key)
            #expect(second.body == first.body)
            #expect(second.header("Idempotent-Replayed") == "true")
            try await #expect(count(app, "tasks") == 1)
        }
    }

    // MARK: Claims

    @Test(arguments: TestSetup.overSockets)
    func whileTheFirstIsBeingAnsweredTheSecondIsToldToWait(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let first = try await user.post("/tasks", json: milk, key)
            let later = Timestamp.now() + .seconds(60)
            try await alter(app, "status = NULL, leased_until = $1", [.timestamp(later)])
            let second = try await user.post("/tasks", json: milk, key)
            #expect(second.status == 409)
            #expect(second.code == "IDEMPOTENCY_CONFLICT")
            #expect(second.header("Retry-After") == "1")
            try await #expect(user.post("/tasks", json: ["title": "x"], key).code == "IDEMPOTENCY_KEY_REUSED")
            try await alter(app, "status = 201")
            try await #expect(user.post("/tasks", json: milk, key).body == first.body)
            try await #expect(count(app, "tasks") == 1)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aClaimThatItsProcessDidNotSurviveLapses(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            _ = try await user.post("/tasks", json: milk, key)
            try await alter(app, "status = NULL, leased_until = $1", [.timestamp(.now() - .milliseconds(1))])
            // It is still the key of that request.
            try await #expect(user.post("/tasks", json: ["title": "x"], key).code == "IDEMPOTENCY_KEY_REUSED")
            let second = try await user.post("/tasks", json: milk, key)
            #expect(second.status == 201)
            #expect(second.header("Idempotent-Replayed") == nil)
            try await #expect(count(app, "tasks") == 2)
            try await #expect(user.post("/tasks", json: milk, key).body == second.body)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func anExpiredKeyIsANewOneAndIsSweptInTheEnd(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            _ = try await user.post("/tasks", json: milk, key)
            try await alter(app, "expires_at = $1", [.timestamp(.now() - .milliseconds(1))])
            let other = try await user.post("/tasks", json: ["title": "Buy bread"], key)
            #expect(other.json["title"] == "Buy bread")
            #expect(other.header("Idempotent-Replayed") == nil)
            _ = try await user.post("/tasks", json: milk, ["Idempotency-Key": "another"])
            let database = app.services.database
            try await #expect(IdempotencyRepository.removeExpired(before: .now(), limit: 10, in: database) == 0)
            let later = Timestamp.now() + .seconds(86_401)
            try await #expect(IdempotencyRepository.removeExpired(before: later, limit: 1, in: database) == 1)
            try await #expect(IdempotencyRepository.removeExpired(before: later, limit: 10, in: database) == 1)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func whatWentWrongMayBeSentAgain(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let admin = try await app.admin()
            let bob: JSONValue = ["email": "bob@example.com", "password": "password123", "role": "user"]
            _ = try await app.services.database.execute(.write("ALTER TABLE audit_log RENAME TO audit_log_elsewhere"), [])
            try await #expect(admin.post("/api/v1/users", json: bob, key).status == 500)
            try await #expect(count(app, "idempotency_keys") == 0)
            _ = try await app.services.database.execute(.write("ALTER TABLE audit_log_elsewhere RENAME TO audit_log"), [])
            try await #expect(admin.post("/api/v1/users", json: bob, key).status == 201)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func ofAnAnswerThatIsTooLargeItIsKeptThatItWasGiven(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { configuration in
            configuration.idempotency.maxAnswerBytes = 10
        } _: { app in
            let user = try await app.registered()
            try await #expect(user.post("/tasks", json: milk, key).json["title"] == "Buy milk")
            let second = try await user.post("/tasks", json: milk, key)
            #expect(second.status == 201)
            #expect(second.json["code"] == "ANSWER_NOT_KEPT")
            #expect(second.header("Content-Type") == "application/json")
            #expect(second.header("Idempotent-Replayed") == "true")
            try await #expect(count(app, "tasks") == 1)
            // A refusal has done nothing, and may be sent again.
            for _ in 0..<2 {
                let fault = try await user.post("/tasks", json: ["title": ""], ["Idempotency-Key": "another"])
                #expect(fault.status == 422)
                #expect(fault.header("Idempotent-Replayed") == nil)
            }
        }
    }

    /// What may have been done is not done again while its claim lasts; what was certainly not done is.
    @Test(arguments: TestSetup.overSockets)
    func aRequestOfUnknownOutcomeDoesNotRunAgain(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let runs = Tally()
            let group = RouteGroup(tag: "Test") { routes in
                func failing(_ path: String, _ error: any Error) {
                    routes.post(path, summary: path) { _ -> Message in
                        runs.raise()
                        throw error
                    }
                }
                failing("/unknown", DatabaseError.connectionLost(commitUnknown: true))
                failing("/late", DatabaseError.timeout("the statement took too long"))
                failing("/cancelled", DatabaseError.cancelled)
                failing("/stopped", CancellationError())
                failing("/known", DatabaseError.connectionLost(commitUnknown: false))
                failing("/away", DatabaseError.unavailable("away"))
            }
            let middleware: [any Middleware] = [
                ErrorMiddleware(logger: app.services.logger), IdempotencyMiddleware(app.services.idempotency, logger: app.services.logger),
            ]
            let application = WebApplication(table: RouteTable(.init("", group)), services: app.services, middleware: middleware)
            let client = TestClient(transport: InMemoryTransport(application: application, loop: app.loop))
            let uncertain = [
                ("/unknown", "COMMIT_UNKNOWN"), ("/late", "SERVICE_UNAVAILABLE"), ("/cancelled", "CANCELLED"), ("/stopped", "CANCELLED"),
            ]
            for (path, code) in uncertain {
                let before = runs.count
                try await #expect(client.send("POST", path, key).code == code)
                try await #expect(client.send("POST", path, key).code == "IDEMPOTENCY_CONFLICT")
                #expect(runs.count == before + 1)
            }
            for path in ["/known", "/away"] {
                let before = runs.count
                for _ in 0..<2 { try await #expect(client.send("POST", path, key).status == 503) }
                #expect(runs.count == before + 2)
            }
        }
    }

    // MARK: What is kept

    @Test(arguments: TestSetup.overSockets)
    func noTokenAndNoPasswordIsKept(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let login: JSONValue = ["username": "ada@example.com", "password": "password123"]
            _ = try await app.registered("ada")
            let first = try await app.client.post("/auth/login", json: login, key)
            let second = try await app.client.post("/auth/login", json: login, key)
            #expect(second.status == 200)
            #expect(second.json["refresh_token"] != first.json["refresh_token"])
            try await #expect(count(app, "idempotency_keys") == 0)
        }
        // What a body is remembered by tells nothing without the server's secret.
        let request = IdempotentRequest(userID: 1, clientAddress: "", route: "POST /x", key: "k", content: [Array("secret".utf8)])
        let digests = ["a", "b"].map { IdempotencyDigest(secret: $0).content(of: request) }
        #expect(digests[0] != digests[1])
        #expect(digests[0].count == 32)
    }

    @Test(arguments: TestSetup.overSockets)
    func bodiesThatNobodyReadsAreRefusedAsEver(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { configuration in
            configuration.server.bodies.maxBytes = 1_024
        } _: { app in
            let user = try await app.registered()
            let large = try await user.post("/tasks", json: ["title": .string(String(repeating: "x", count: 2_000))], key)
            #expect(large.status == 413)
            let text = try await user.send("POST", "/tasks", key.merging(["Content-Type": "text/plain"]) { $1 }, Array("x".utf8))
            #expect(text.status == 415)
            try await #expect(count(app, "idempotency_keys") == 0)
            try await #expect(user.send("POST", "/tasks", key, Array("{".utf8)).faults == ["json_invalid at body.1"])
        }
    }

    // MARK: Uploads

    /// - Parameter boundary: each attempt of a client has one of its own.
    private func upload(
        _ user: TestClient, _ content: [UInt8], as filename: String = "a.txt", boundary: String = "first", _ key: String = "k"
    ) async throws -> HTTPTestResponse {
        let head = "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(filename)\"\r\n\r\n"
        return try await user.send(
            "POST", "/upload", ["Idempotency-Key": key, "Content-Type": "multipart/form-data; boundary=\(boundary)"],
            Array(head.utf8) + content + Array("\r\n--\(boundary)--\r\n".utf8))
    }

    @Test(arguments: TestSetup.all)
    func anUploadThatIsSentAgainIsStoredOnce(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let content = [UInt8](repeating: UInt8(ascii: "x"), count: 2 << 20)
            let first = try await upload(user, content)
            #expect(first.status == 201, "\(first)")
            let second = try await upload(user, content, boundary: "second")
            #expect(second.body == first.body)
            #expect(second.header("Idempotent-Replayed") == "true")
            try await #expect(count(app, "files") == 1)
        }
    }

    @Test(arguments: TestSetup.all)
    func anotherUploadUnderTheSameKeyIsRefused(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            let content = [UInt8](repeating: UInt8(ascii: "x"), count: 200_000)
            let first = try await upload(user, content)
            #expect(first.status == 201, "\(first)")
            for (other, name) in [(content.dropLast() + [UInt8(ascii: "y")], "a.txt"), (content + [120], "a.txt"), (content, "b.txt")] {
                let answer = try await upload(user, Array(other), as: name)
                #expect(answer.status == 422)
                #expect(answer.code == "IDEMPOTENCY_KEY_REUSED")
            }
            // What is no form cannot be compared, and says so.
            let broken = try await user.send(
                "POST", "/upload", ["Idempotency-Key": "k", "Content-Type": "multipart/form-data; boundary=b"], Array("--b\r\n".utf8))
            #expect(broken.code == "MULTIPART_INVALID")
            try await #expect(upload(user, content).body == first.body)
            try await #expect(count(app, "files") == 1)
        }
    }

    /// Refused by its name alone, before anybody knows what else is in it.
    @Test(arguments: TestSetup.all)
    func anUploadThatIsNotReadToItsEndLeavesItsKeyFree(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let user = try await app.registered()
            try await #expect(upload(user, Array("x".utf8), as: "a.exe").code == "FILE_TYPE_NOT_ALLOWED")
            try await #expect(count(app, "idempotency_keys") == 0)
            try await #expect(upload(user, Array("x".utf8)).status == 201)
        }
    }

    @Test func theDocumentTellsOfTheHeader() throws {
        let document = Routes.document(Routes.table(AppConfiguration()), AppConfiguration()).tree
        let parameters = document["paths"]?["/tasks"]?["post"]?["parameters"]?.array ?? []
        #expect(parameters.contains { $0["name"] == "Idempotency-Key" && $0["in"] == "header" })
        #expect(document["paths"]?["/tasks"]?["post"]?["responses"]?["409"] != nil)
        let login = document["paths"]?["/auth/login"]?["post"]?["parameters"]?.array ?? []
        #expect(!login.contains { $0["name"] == "Idempotency-Key" })
    }
}

// Claims of idempotency keys, on a clock of the test's own and at once.

import Actors
import Reactor
import Synchronization
import TestSupport
import Testing

@testable import App

@Suite struct IdempotencyServiceTests {
    private final class Clock: Sendable {
        private let time = Mutex(Timestamp(seconds: 1_800_000_000))
        var now: Timestamp { time.withLock { $0 } }
        func advance(_ duration: Duration) { time.withLock { $0 = $0 + duration } }
    }

    private func service(_ app: TestApp, _ clock: Clock) -> IdempotencyService {
        IdempotencyService(
            database: app.services.database, digest: IdempotencyDigest(secret: "secret"), lifetime: .seconds(86_400),
            lease: .seconds(60), maxAnswerBytes: 100, clock: { clock.now })
    }

    private func request(_ key: String = "k", content: String = "body", user: Int64? = nil) -> IdempotentRequest {
        IdempotentRequest(userID: user, clientAddress: "192.0.2.1", route: "POST /x", key: key, content: [Array(content.utf8)])
    }

    private let answer = StoredAnswer(
        status: 201, headers: [HeaderField(name: "Location", value: "/x/1"), HeaderField(name: "A", value: "\"é")],
        body: [0, 1, 255])

    private func first(_ service: IdempotencyService, _ request: IdempotentRequest) async throws -> IdempotencyRepository.Claim {
        guard case .first(let claim) = try await service.claim(request) else { throw APIError.conflict }
        return claim
    }

    private func code(_ service: IdempotencyService, _ request: IdempotentRequest) async -> String {
        do {
            switch try await service.claim(request) {
            case .first: return "first"
            case .answered: return "answered"
            }
        } catch {
            return (error as? APIError)?.code ?? "\(error)"
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func ofRequestsAtOnceOneRuns(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let keys = service(app, Clock())
            let codes = await withTaskGroup(of: String.self) { group in
                for _ in 0..<8 { group.addTask(executorPreference: app.loop) { await code(keys, request()) } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes.count { $0 == "first" } == 1)
            #expect(codes.count { $0 == "IDEMPOTENCY_CONFLICT" } == 7)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func anAnswerComesBackAsItWasForADay(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let clock = Clock()
            let keys = service(app, clock)
            try await keys.keep(answer, for: first(keys, request()))
            clock.advance(.seconds(86_399))
            guard case .answered(let kept) = try await keys.claim(request()) else {
                Issue.record("it was forgotten")
                return
            }
            #expect(kept == answer)
            await #expect(code(keys, request(content: "other")) == "IDEMPOTENCY_KEY_REUSED")
            await #expect(code(keys, request("k2", content: "other")) == "first")
            clock.advance(.seconds(1))
            await #expect(code(keys, request(content: "other")) == "first")
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func whoComesBackAfterTheirClaimLapsedChangesNothing(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let clock = Clock()
            let keys = service(app, clock)
            let slow = try await first(keys, request())
            clock.advance(.seconds(59))
            await #expect(code(keys, request()) == "IDEMPOTENCY_CONFLICT")
            clock.advance(.seconds(1))
            let second = try await first(keys, request())
            try await keys.keep(answer, for: slow)
            try await keys.release(slow)
            await #expect(code(keys, request()) == "IDEMPOTENCY_CONFLICT")
            let other = StoredAnswer(status: 200, headers: [], body: [])
            try await keys.keep(other, for: second)
            try await keys.release(second)
            guard case .answered(let kept) = try await keys.claim(request()) else {
                Issue.record("it was forgotten")
                return
            }
            #expect(kept == other)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func whatIsReleasedIsFreeAgainAndSoIsALargeRefusal(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let keys = service(app, Clock())
            try await keys.release(first(keys, request()))
            let claim = try await first(keys, request(content: "other"))
            try await keys.keep(StoredAnswer(status: 422, headers: [], body: Array(repeating: 0, count: 101)), for: claim)
            await #expect(code(keys, request()) == "first")
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func ofALargeSuccessEverythingButTheBodyIsKept(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let keys = service(app, Clock())
            let headers = ["Location", "content-type", "Content-Encoding"].map { HeaderField(name: $0, value: "x") }
            let large = StoredAnswer(status: 201, headers: headers, body: Array(repeating: 0, count: 101))
            try await keys.keep(large, for: first(keys, request()))
            guard case .answered(let kept) = try await keys.claim(request()) else {
                Issue.record("it was forgotten")
                return
            }
            #expect(kept.status == 201)
            #expect(kept.headers.map(\.name) == ["Location", "Content-Type"])
            #expect(try JSONParser.parse(kept.body)["code"] == "ANSWER_NOT_KEPT")
            await #expect(code(keys, request(content: "other")) == "IDEMPOTENCY_KEY_REUSED")
        }
    }

    /// A form that is read as a stream is known when it has been read, and not before.
    @Test(arguments: TestSetup.overSockets)
    func aFormIsComparedOnceThereIsAnAnswer(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let keys = service(app, Clock())
            let form = [Array("file".utf8)]
            let claim = try await first(keys, request())
            await #expect(throws: APIError.self) {
                _ = try await keys.claim(request()) {
                    Issue.record("read, and there is nothing to compare it with")
                    return form
                }
            }
            try await keys.keep(answer, for: claim, form: form)
            guard case .answered(let kept) = try await keys.claim(request(), form: { form }) else {
                Issue.record("it was forgotten")
                return
            }
            #expect(kept == answer)
            await #expect(throws: APIError.self) { _ = try await keys.claim(request(), form: { [[0]] }) }
        }
    }

    /// It is the client who left that comes again.
    @Test(arguments: TestSetup.overSockets)
    func anAnswerIsKeptAlsoWhenTheTaskIsCancelled(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let keys = service(app, Clock())
            let claim = try await first(keys, request())
            let work = Task(executorPreference: app.loop) {
                withUnsafeCurrentTask { $0?.cancel() }
                try await keys.keep(answer, for: claim)
            }
            try await work.value
            await #expect(code(keys, request()) == "answered")
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aUserWhoIsGoneHasNoKeys(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            await #expect(code(service(app, Clock()), request(user: 4_711)) == "INVALID_TOKEN")
        }
    }

    @Test func partsCannotImitateEachOther() {
        let digest = IdempotencyDigest(secret: "secret")
        func hash(_ parts: [String]) -> [UInt8] {
            digest.content(
                of: IdempotentRequest(userID: nil, clientAddress: "", route: "", key: "", content: parts.map { Array($0.utf8) }))
        }
        #expect(hash(["ab", "c"]) != hash(["a", "bc"]))
        #expect(hash(["a"]) != hash(["a", ""]))
        #expect(digest.key(of: request(user: 1)) != digest.key(of: request()))
    }

    @Test(arguments: [200, 201, 202, 204, 400, 403, 404, 409, 413, 422])
    func theseAnswersAreFinal(status: Int) {
        #expect(IdempotencyHeader.isFinal(HTTPStatus(code: status)))
    }

    @Test(arguments: [304, 401, 408, 425, 429, 500, 503, 507])
    func theseAreNot(status: Int) {
        #expect(!IdempotencyHeader.isFinal(HTTPStatus(code: status)))
    }
}

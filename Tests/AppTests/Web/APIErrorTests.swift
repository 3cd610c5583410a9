import Actors
import Reactor
import Testing

@testable import App

@Suite struct APIErrorTests {
    private func body(_ error: APIError, isProblem: Bool = false) throws -> JSONValue {
        let response = error.response(requestID: "r-1", isProblem: isProblem)
        guard case .bytes(let bytes) = response.body else { return .null }
        return try JSONParser.parse(bytes)
    }

    @Test func keepsFastAPIsShapeWithCodeAndRequestID() throws {
        try #expect(body(.notFound) == ["detail": "Not Found", "code": "NOT_FOUND", "request_id": "r-1"])
        #expect(APIError.notFound.response(requestID: "r-1", isProblem: false).headers["Content-Type"] == "application/json")
    }

    @Test func listsFaultsAsDetail() throws {
        let error = APIError.validation(.missing, at: "body", "title", input: [:])
        #expect(
            try body(error)["detail"] == [["type": "missing", "loc": ["body", "title"], "msg": "Field required", "input": [:]]])
        #expect(error.status.code == 422)
    }

    @Test func speaksProblemDetailsWhereAsked() throws {
        let response = APIError.notFound.response(requestID: "r-1", isProblem: true)
        #expect(response.headers["Content-Type"] == "application/problem+json")
        let problem = try body(.notFound, isProblem: true)
        #expect(problem["type"] == "about:blank")
        #expect(problem["status"] == 404)
        #expect(problem["title"] == "Not Found")
        #expect(problem["code"] == "NOT_FOUND")
        let invalid = try body(.validation(.missing, at: "body", "title"), isProblem: true)
        #expect(invalid["errors"]?.array?.count == 1)
    }

    @Test func namesTheSchemeAndTheTimeToWait() {
        #expect(APIError.notAuthenticated.response(requestID: "", isProblem: false).headers["WWW-Authenticate"] == "Bearer")
        let limited = APIError.tooManyRequests(retryAfter: .milliseconds(1_200)).response(requestID: "", isProblem: false)
        #expect(limited.headers["Retry-After"] == "2")
        #expect(APIError.unavailable(retryAfter: .zero).response(requestID: "", isProblem: false).headers["Retry-After"] == "1")
        #expect(APIError.methodNotAllowed(allow: "GET").response(requestID: "", isProblem: false).headers["Allow"] == "GET")
    }

    @Test func databasesAwayAre503AndTheirWordsStayInside() throws {
        let errors: [(any Error, Int)] = [
            (DatabaseError.unavailable("password authentication failed for user \"reactor\""), 503),
            (DatabaseError.timeout("statement"), 503), (DatabaseError.connectionLost(commitUnknown: true), 503),
            (DatabaseError.incapable(.readOnly), 503), (DatabaseError.incapable(.storageFull), 507),
            (DatabaseError.incapable(.exhausted), 503),
            (DatabaseError.incapable(.fileGone), 503), (DatabaseError.incapable(.unsuitable("reactor")), 503),
            (DatabaseError.serialization, 503), (DatabaseError.closed, 503), (DatabaseError.cancelled, 503),
            (DatabaseError.statement(sqlState: "42P01", message: "relation \"secret\" does not exist"), 500),
            (DatabaseError.decoding("column 3"), 500), (DatabaseError.constraint(.unique, name: "users_email_key"), 409),
            (DatabaseError.constraint(.notNull, name: "users.email"), 500), (CancellationError(), 503),
            (HTTPBodyError.tooLarge(limit: 1), 413), (HTTPBodyError.timeout, 408), (HTTPBodyError.malformed, 400),
            (SessionError.sessionEnded, 401),
        ]
        for (error, status) in errors {
            let mapped = APIError(error)
            #expect(mapped.status.code == status)
            let text = String(decoding: try body(mapped).serialized, as: UTF8.self)
            #expect(!text.contains("reactor") && !text.contains("secret") && !text.contains("users"))
            if status == 503 { #expect(mapped.headers.contains { $0.name == "Retry-After" }) }
        }
    }

    @Test func unknownErrorsAre500WithoutDetails() throws {
        struct Surprise: Error { let password = "hunter2" }
        try #expect(body(APIError(Surprise())) == ["detail": "Internal Server Error", "code": "INTERNAL_ERROR", "request_id": "r-1"])
        #expect(APIError.isUnexpected(Surprise()))
        #expect(!APIError.isUnexpected(APIError.notFound))
        // An outage is told by the health check, once; a commit that nobody knows of is told each time.
        #expect(!APIError.isUnexpected(DatabaseError.incapable(.readOnly)))
        #expect(!APIError.isUnexpected(DatabaseError.unavailable("away")))
        #expect(APIError.isUnexpected(DatabaseError.connectionLost(commitUnknown: true)))
        #expect(APIError.isUnexpected(DatabaseError.statement(sqlState: "XX000", message: "")))
    }
}

// Where paths lead: priorities, slashes, methods, and the tricks that must lead nowhere.

import Reactor
import Testing

@testable import App

@Suite struct RouterTests {
    private static var group: RouteGroup {
        RouteGroup(tag: "Test") { routes in
            routes.get("/", summary: "Root") { _ in Message("") }
            routes.get("/tasks", summary: "List") { _ in Message("") }
            routes.post("/tasks", summary: "Create") { _ in Message("") }
            routes.get("/tasks/statistics", summary: "Statistics") { _ in Message("") }
            routes.post("/tasks/send-welcome-email", summary: "Send") { _ in Message("") }
            routes.get("/tasks/{task_id:int}", summary: "Get") { _ in Message("") }
            routes.delete("/tasks/{task_id:int}", summary: "Delete") { _ in Message("") }
            routes.get("/tasks/{job_id:uuid}", summary: "Job") { _ in Message("") }
            routes.get("/download/{filename}", summary: "Download") { _ in Message("") }
            routes.get("/files/list/all", summary: "All") { _ in Message("") }
            routes.get("/files/{name}/info", summary: "Info") { _ in Message("") }
        }
    }

    private let table = RouteTable(.init("", RouterTests.group), .init("/api/v1", RouterTests.group))

    private func match(_ method: HTTPMethod, _ path: String) -> RouteMatch {
        let bytes = Array(path.utf8)
        return table.router.match(method, bytes.span)
    }

    /// The template that `path` leads to, or nil.
    private func label(_ path: String, _ method: HTTPMethod = .get) -> String? {
        guard case .route(let route, _) = match(method, path) else { return nil }
        return route.label
    }

    /// The parameters of `path`, decoded.
    private func parameters(_ path: String) throws -> PathParameters {
        let bytes = Array(path.utf8)
        guard case .route(let route, let captures) = table.router.match(.get, bytes.span) else { throw APIError.notFound }
        var validation = Validation(at: [])
        let parameters = PathParameters(route.parameters, captures: captures, of: bytes.span, &validation)
        try validation.finish()
        return parameters
    }

    @Test(arguments: [
        ("/", "/"), ("/tasks", "/tasks"), ("/tasks/", "/tasks"), ("/api/v1/tasks", "/api/v1/tasks"), ("/api/v1/tasks/", "/api/v1/tasks"),
        ("/api/v1/", "/api/v1"), ("/tasks/statistics", "/tasks/statistics"), ("/tasks/7", "/tasks/{task_id}"),
        ("/tasks/7/", "/tasks/{task_id}"), ("/tasks/-7", "/tasks/{task_id}"),
        ("/tasks/0190b1a2-3c4d-7e5f-8a9b-0c1d2e3f4a5b", "/tasks/{job_id}"),
        ("/tasks/0190B1A2-3C4D-7E5F-8A9B-0C1D2E3F4A5B", "/tasks/{job_id}"), ("/download/a.txt", "/download/{filename}"),
        ("/files/list/all", "/files/list/all"), ("/files/list/info", "/files/{name}/info"), ("/files/x/info", "/files/{name}/info"),
    ])
    func leadsTo(path: String, label: String) {
        #expect(self.label(path) == label)
    }

    @Test(arguments: [
        "", "tasks", "//", "//tasks", "/tasks//", "/tasks//7", "/task", "/taskss", "/Tasks", "/tasks/7/8", "/api", "/api/v2/tasks",
        "/files/list", "/files/list/none", "/download", "/download/", "*",
    ])
    func leadsNowhere(path: String) {
        guard case .notFound = match(.get, path) else {
            Issue.record("\(path) leads somewhere")
            return
        }
    }

    @Test(arguments: [
        "/download/..", "/download/.", "/download/%2e%2e", "/download/%2E", "/download/a%2Fb", "/download/a%5cb", "/download/a%00b",
        "/download/%0d%0a", "/download/%", "/download/%2", "/download/%zz", "/download/%ff", "/download/%c0%ae%c0%ae",
        "/download/a\\b", "/download/%7f", "/files/../tasks", "/files/%2e%2e/info",
    ])
    func refusesTricks(path: String) {
        guard case .notFound = match(.get, path) else {
            Issue.record("\(path) leads somewhere")
            return
        }
    }

    @Test func decodesLiteralsAndParameters() throws {
        #expect(label("/%74asks") == "/tasks")
        #expect(label("/tasks/%37") == "/tasks/{task_id}")
        try #expect(parameters("/download/a%20b%C3%A9.txt").text("filename") == "a bé.txt")
        try #expect(parameters("/download/%2B+").text("filename") == "++")
        try #expect(parameters("/tasks/42").integer("task_id") == 42)
        try #expect(parameters("/tasks/0190B1A2-3C4D-7E5F-8A9B-0C1D2E3F4A5B").text("job_id") == "0190b1a2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")
    }

    @Test(arguments: [("/tasks/abc", "int_parsing"), ("/tasks/1.5", "int_parsing"), ("/tasks/99999999999999999999", "int_parsing_size")])
    func aParameterThatDoesNotFitIsAFaultAndNot404(path: String, type: String) {
        let error = #expect(throws: APIError.self) { try parameters(path) }
        #expect(error?.faults.map(\.kind.type) == [type])
        #expect(error?.faults.first?.location == ["path", "task_id"])
    }

    @Test func headGoesWhereGetGoes() {
        #expect(label("/tasks", .head) == "/tasks")
        guard case .methodNotAllowed = match(.head, "/tasks/send-welcome-email") else {
            Issue.record("HEAD without GET")
            return
        }
    }

    @Test func anotherMethodOnAKnownPathNamesTheOnesThereAre() {
        guard case .methodNotAllowed(let allow) = match(.put, "/tasks") else {
            Issue.record("PUT /tasks was not refused")
            return
        }
        #expect(allow == "GET, HEAD, POST, OPTIONS")
        guard case .methodNotAllowed(let literal) = match(.get, "/tasks/send-welcome-email") else {
            Issue.record("a literal with another method gave way to a parameter")
            return
        }
        #expect(literal == "POST, OPTIONS")
    }

    @Test func optionsAnswersForItself() {
        guard case .options(let allow) = match(.options, "/tasks/7") else {
            Issue.record("OPTIONS was not answered")
            return
        }
        #expect(allow == "GET, HEAD, DELETE, OPTIONS")
        guard case .options = match(.options, "*") else {
            Issue.record("OPTIONS * was not answered")
            return
        }
    }

    @Test func mountsShareOneRateLimit() throws {
        guard case .route(let root, _) = match(.post, "/tasks"), case .route(let mounted, _) = match(.post, "/api/v1/tasks") else {
            Issue.record("not mounted")
            return
        }
        #expect(root.limitKey == mounted.limitKey)
        #expect(root.operationID == "create_tasks_post")
        #expect(mounted.operationID == "create_api_v1_tasks_post")
    }
}

// RATE_LIMIT_ROUTES: single routes with a limit of their own.

@testable import App
import TestSupport
import Testing

struct RouteAllowanceTests {
    private static let kind = SettingKind<[RouteAllowance]>.routeAllowances

    @Test func routesAndAllowancesAreReadAndShownAlike() throws {
        let text = "POST /tasks=100/60s, GET /tasks/{task_id}=off"
        let allowances = try RouteAllowanceTests.kind.parse("post /tasks = 100/1m,GET /tasks/{task_id}=OFF,")
        #expect(
            allowances == [
                RouteAllowance(route: "POST /tasks", allowance: RateLimitAllowance(limit: 100, window: .seconds(60))),
                RouteAllowance(route: "GET /tasks/{task_id}", allowance: nil),
            ])
        try #expect(RouteAllowanceTests.kind.parse(RouteAllowanceTests.kind.render(allowances)) == allowances)
        try #expect(RouteAllowanceTests.kind.parse(text) == allowances)
    }

    @Test(arguments: ["/tasks=1/1s", "GET tasks=1/1s", "GET /tasks", "GET /tasks=1", "GET /a=1/1s,GET /a=off", "GET /a=1/1s=2/1s"])
    func whatIsNoAllowanceIsRefused(_ text: String) {
        #expect(throws: InvalidSetting.self) { try RouteAllowanceTests.kind.parse(text) }
    }

    @Test func aRouteThatIsNotServedRefusesToStart() {
        var limits = AppConfiguration.RateLimits()
        limits.routes = [RouteAllowance(route: "GET /tasks/{id}", allowance: nil)]
        #expect(throws: ConfigurationError.self) { try limits.checkRoutes(Routes.table(AppConfiguration())) }
        limits.routes = [RouteAllowance(route: "GET /tasks/{task_id}", allowance: nil)]
        #expect(throws: Never.self) { try limits.checkRoutes(Routes.table(AppConfiguration())) }
    }

    @Test func aRoutesOwnLimitReplacesItsTiersUnderBothPrefixes() async throws {
        try await TestApp.run(configure: { configuration in
            configuration.rateLimits.isEnabled = true
            configuration.rateLimits.routes = [
                RouteAllowance(route: "GET /tasks", allowance: RateLimitAllowance(limit: 2, window: .seconds(60))),
                RouteAllowance(route: "GET /auth/me", allowance: nil),
            ]
        }) { app in
            let alice = try await app.registered()
            #expect(try await alice.get("/tasks").header("X-RateLimit-Limit") == "2")
            #expect(try await alice.get("/api/v1/tasks").status == 200)
            #expect(try await alice.get("/tasks").status == 429)
            #expect(try await alice.get("/auth/me").header("X-RateLimit-Limit") == nil)
            #expect(try await alice.get("/tasks/statistics").header("X-RateLimit-Limit") == "60")
        }
    }
}

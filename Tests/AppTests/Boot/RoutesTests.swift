// The one list of routes.

@testable import App
import Reactor
import Testing

@Suite struct RoutesTests {
    private let table = Routes.table(AppConfiguration())

    @Test func documentedPathsAreServedAtTheRootAndUnderTheVersion() {
        let labels = Set(table.routes.map { "\($0.method.rawValue) \($0.label)" })
        for route in [
            "POST /auth/register", "POST /auth/login", "GET /auth/me", "GET /tasks", "POST /tasks", "GET /tasks/{task_id}",
            "GET /monitoring/health", "GET /health/ready", "GET /metrics", "GET /monitoring/metrics",
        ] {
            let parts = route.split(separator: " ")
            #expect(labels.contains(route))
            #expect(labels.contains("\(parts[0]) /api/v1\(parts[1])"))
        }
        for route in [
            "GET /", "GET /monitoring/health", "GET /health/live", "GET /health/ready", "GET /livez", "GET /readyz", "GET /metrics",
            "GET /monitoring/metrics", "GET /docs", "GET /docs/oauth2-redirect", "GET /redoc", "GET /openapi.json",
        ] {
            #expect(labels.contains(route))
        }
    }

    @Test func everyRouteIsInTheDocument() {
        let document = Routes.document(table, AppConfiguration()).tree
        for route in table.routes {
            #expect(document["paths"]?[route.label]?[route.method.rawValue.lowercased()] != nil, "\(route.method.rawValue) \(route.label)")
        }
    }

    @Test func operationIDsAreUnique() {
        #expect(Set(table.routes.map(\.operationID)).count == table.routes.count)
    }

    @Test func whatOperatorsNeedPassesOverloadBy() {
        for route in table.routes where route.declaration.tag == "Monitoring" {
            #expect(route.declaration.bypassesAdmission, "\(route.label)")
        }
    }
}

// What operators ask, through the whole application.

@testable import App
import Reactor
import TestSupport
import Testing

@Suite struct MonitoringAppTests {
    @Test(arguments: TestSetup.all)
    func healthTellsEachPart(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let health = try await app.client.get("/monitoring/health")
            #expect(health.status == 200, "\(health)")
            #expect(health.json["status"]?.string == "healthy", "\(health)")
            for part in ["database", "cache", "jobs", "disk"] {
                #expect(health.json["checks"]?[part]?["status"]?.string == "healthy", "\(part)")
            }
            #expect(health.json["version"]?.string == Version.current)
            #expect(health.header("cache-control") == "no-store")
        }
    }

    @Test(arguments: TestSetup.all)
    func probesAnswerUnderBothNames(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            for path in ["/health/live", "/livez", "/health/ready", "/readyz", "/health/ready/"] {
                let answer = try await app.client.get(path)
                #expect(answer.status == 200, "\(path)")
            }
        }
    }

    @Test func whileDrainingItIsAliveAndNotReady() async throws {
        try await TestApp.run { app in
            await app.backend.health.beginDraining()
            let ready = try await app.client.get("/health/ready")
            #expect(ready.status == 503)
            #expect(ready.json["reason"]?.string == "draining")
            #expect(ready.header("retry-after") != nil)
            try await #expect(app.client.get("/health/live").status == 200)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func metricsCountRequestsByTemplate(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let alice = try await app.registered()
            _ = try await alice.get("/tasks/123456")
            _ = try await app.client.get("/no/such/path")
            let metrics = try await app.client.get("/metrics")
            #expect(metrics.header("content-type") == "text/plain; version=0.0.4; charset=utf-8")
            let text = metrics.text
            #expect(text.contains(#"http_requests_total{method="GET",route="/tasks/{task_id}",status="404"} 1"#))
            #expect(text.contains(#"http_requests_total{method="GET",route="unmatched",status="404"} 1"#))
            #expect(text.contains(#"http_request_duration_seconds_count{method="POST",route="/auth/login"} 1"#))
            #expect(!text.contains("/tasks/123456"))
            for name in [
                "http_requests_in_flight", "event_loop_lag_seconds_count", "event_loop_ticks_total", "event_loop_jobs_enqueued_total",
                "database_pool_size", "database_pool_in_use", "database_pool_waiters", "cache_hits_total", "cache_misses_total",
                "rate_limit_decisions_total", "process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
                "http_connections_open", "jobs{status=\"pending\"}", "http_requests_total", "http_request_duration_seconds_bucket",
                "event_loop_jobs_ready", "event_loop_jobs_from_elsewhere_total", "database_statements_total",
                "database_statement_seconds_total", "health_check_healthy{check=\"database\"} 1",
                "health_check_latency_seconds{check=\"database\"}", "tls_handshake_failures_total", "process_max_fds",
            ] {
                #expect(text.contains(name), "\(name)")
            }
        }
    }

    @Test func openMetricsWhereItIsAskedFor() async throws {
        try await TestApp.run { app in
            let metrics = try await app.client.get("/metrics", ["Accept": "application/openmetrics-text; version=1.0.0"])
            #expect(metrics.header("content-type")?.hasPrefix("application/openmetrics-text") == true)
            #expect(metrics.text.hasSuffix("# EOF\n"))
        }
    }

    @Test func metricsForPeopleAreJSONAndForScrapersText() async throws {
        try await TestApp.run { app in
            let json = try await app.client.get("/monitoring/metrics")
            #expect(json.json["process_open_fds"]?["type"]?.string == "gauge")
            let text = try await app.client.get("/monitoring/metrics", ["Accept": "text/plain"])
            #expect(text.text.contains("# TYPE process_open_fds gauge"))
        }
    }

    @Test(arguments: TestSetup.all)
    func theRootGreetsProgramsAndBrowsers(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup, configure: { $0.appName = "<Mine>" }) { app in
            let program = try await app.client.get("/")
            #expect(program.json["message"]?.string == "Welcome to <Mine>")
            let browser = try await app.client.get("/", ["Accept": "text/html,application/xhtml+xml"])
            #expect(browser.header("content-type") == "text/html; charset=utf-8")
            #expect(browser.text.contains("href=\"/docs\""))
            #expect(!browser.text.contains("<Mine>"))
            #expect(browser.header("content-security-policy")?.contains("default-src 'none'") == true)
        }
    }

    @Test func noSecretReachesTheLog() async throws {
        try await TestApp.run { app in
            let alice = try await app.registered()
            _ = try await alice.get("/auth/me?access_token=querysecret")
            let text = app.log.text
            #expect(text.contains("/auth/login"))
            for secret in [TestApp.password, "querysecret", alice.token ?? "?"] { #expect(!text.contains(secret)) }
        }
    }
}

// How the server does, as values and as JSON. Any thread.

import Reactor

/// One of the things that health is made of.
struct HealthCheck: Sendable {
    enum Status: String, CaseIterable, Sendable, JSONRepresentable {
        case healthy, degraded, unhealthy

        static var schemaNode: SchemaNode {
            .component("HealthStatus", ["title": "HealthStatus", "type": "string", "enum": ["healthy", "degraded", "unhealthy"]])
        }
    }

    var status: Status
    /// How long the check took, where it asked somebody.
    var latency: Duration?
    /// What kind it is and how it stands, for people; no addresses, no error texts.
    var detail: String?
    /// Why it is not healthy, for the log.
    var problem: String?
}

/// All checks at one time.
struct HealthReport: Sendable {
    var database: HealthCheck
    var cache: HealthCheck
    var jobs: HealthCheck
    var disk: HealthCheck

    /// Without a database there is no service; without the rest there is less of it.
    var status: HealthCheck.Status {
        if database.status == .unhealthy { return .unhealthy }
        return [database, cache, jobs, disk].allSatisfy { $0.status == .healthy } ? .healthy : .degraded
    }

    /// Before anything was asked.
    static let unknown = HealthReport(
        database: HealthCheck(status: .unhealthy, detail: "not asked yet"), cache: HealthCheck(status: .healthy),
        jobs: HealthCheck(status: .healthy), disk: HealthCheck(status: .healthy))
}

// MARK: - Answers

struct HealthCheckResponse: ResponseObject {
    let check: HealthCheck

    static let schema = ResponseSchema<HealthCheckResponse>(
        "HealthCheck",
        .property("status") { $0.check.status },
        .property("latency_ms", description: "Null where nobody had to be asked") { response in
            response.check.latency.map { Double($0.wholeNanoseconds / 1_000) / 1_000 }
        },
        .property("detail") { $0.check.detail })
}

struct HealthChecksResponse: ResponseObject {
    let report: HealthReport

    static let schema = ResponseSchema<HealthChecksResponse>(
        "HealthChecks",
        .property("database") { HealthCheckResponse(check: $0.report.database) },
        .property("cache") { HealthCheckResponse(check: $0.report.cache) },
        .property("jobs") { HealthCheckResponse(check: $0.report.jobs) },
        .property("disk") { HealthCheckResponse(check: $0.report.disk) })
}

struct HealthResponse: ResponseObject {
    let report: HealthReport
    let uptime: Duration

    static let schema = ResponseSchema<HealthResponse>(
        "Health",
        .property("status") { $0.report.status },
        .property("version") { _ in Version.current },
        .property("uptime_seconds") { Double($0.uptime.wholeNanoseconds / 1_000_000) / 1_000 },
        .property("checks") { HealthChecksResponse(report: $0.report) })
}

/// The answer of the probes.
struct ProbeResponse: ResponseObject {
    let status: String
    var reason: String?

    static let schema = ResponseSchema<ProbeResponse>(
        "Probe",
        .property("status") { $0.status },
        .property("reason", description: "Why it is not ready") { $0.reason })
}

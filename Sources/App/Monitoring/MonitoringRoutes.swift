// Health, probes, metrics, the live page and the front page. All of them answer under overload too: that is when they are needed.

import Reactor

/// What operators, balancers and Prometheus ask.
enum MonitoringRoutes {
    static var group: RouteGroup {
        RouteGroup(tag: "Monitoring") { routes in
            routes.get(
                "/monitoring/health", summary: "Health", description: "503 when the database is away; degraded when only Redis is.",
                bypassesAdmission: true, otherStatuses: [.serviceUnavailable], handler: health)
            routes.get(
                "/health/live", summary: "Liveness", description: "Asks nobody.", bypassesAdmission: true, handler: live)
            routes.get(
                "/health/ready", summary: "Readiness",
                description: "503 without a database, with pending migrations, and while the server is draining.",
                bypassesAdmission: true, otherStatuses: [.serviceUnavailable], handler: ready)
            routes.get("/livez", summary: "Liveness, by another name", bypassesAdmission: true, handler: live)
            routes.get(
                "/readyz", summary: "Readiness, by another name", bypassesAdmission: true, otherStatuses: [.serviceUnavailable],
                handler: ready)
            routes.get(
                "/metrics", summary: "Metrics for Prometheus", description: "OpenMetrics where `Accept` asks for it.",
                produces: "text/plain", bypassesAdmission: true, otherMediaTypes: ["application/openmetrics-text"], handler: metrics)
            routes.get(
                "/monitoring/metrics", summary: "Metrics for people",
                description: "JSON; Prometheus' text where `Accept` asks for it.", produces: "application/json",
                bypassesAdmission: true, otherMediaTypes: ["text/plain", "application/openmetrics-text"], handler: metricsForPeople)
            routes.get(
                "/monitoring", summary: "Live page", description: "Moving plots of the last two minutes.", produces: "text/html",
                bypassesAdmission: true, handler: page)
            routes.get(
                "/monitoring/events", summary: "Live samples",
                description: "Server-sent events: `history`, an array of the samples of the last two minutes, then a `sample` each second.",
                produces: "text/event-stream", errors: [tooManyViewers], bypassesAdmission: true, handler: events)
        }
    }

    /// What a program is greeted with, and a browser. Only at the root.
    static var home: RouteGroup {
        RouteGroup(tag: "Home") { routes in
            routes.get(
                "/", summary: "Home", description: "A message; a page with links for browsers.", produces: "application/json",
                otherMediaTypes: ["text/html"], handler: home)
        }
    }

    @Sendable private static func health(_ context: RequestContext) async throws -> Reply<HealthResponse> {
        let backend = context.services.backend
        let report = await backend.health.current
        return Reply(
            HealthResponse(report: report, uptime: MonotonicInstant.now() - backend.startedAt),
            status: report.status == .unhealthy ? .serviceUnavailable : .ok,
            headers: noStore + (report.status == .unhealthy ? [.retryAfter(.seconds(1))] : []))
    }

    @Sendable private static func live(_ context: RequestContext) async throws -> Reply<ProbeResponse> {
        Reply(ProbeResponse(status: "alive"), headers: noStore)
    }

    @Sendable private static func ready(_ context: RequestContext) async throws -> Reply<ProbeResponse> {
        guard let reason = await context.services.backend.health.whyNotReady else {
            return Reply(ProbeResponse(status: "ready"), headers: noStore)
        }
        return Reply(
            ProbeResponse(status: "not ready", reason: reason), status: .serviceUnavailable,
            headers: noStore + [.retryAfter(.seconds(1))])
    }

    @Sendable private static func metrics(_ context: RequestContext) async throws -> HTTPResponse {
        await exposition(context)
    }

    @Sendable private static func metricsForPeople(_ context: RequestContext) async throws -> HTTPResponse {
        let accept = context.request.header("accept") ?? ""
        if accept.lists("text/plain") || accept.lists("application/openmetrics-text") { return await exposition(context) }
        var response = HTTPResponse.json(MetricsJSON.encode(await RuntimeMetrics.collect(context.services.backend)))
        response.headers.set("Cache-Control", "no-store")
        return response
    }

    private static func exposition(_ context: RequestContext) async -> HTTPResponse {
        let format = ExpositionFormat.preferred(accept: context.request.header("accept"))
        let families = await RuntimeMetrics.collect(context.services.backend)
        var response = HTTPResponse.bytes(format.encode(families), contentType: format.contentType)
        response.headers.set("Cache-Control", "no-store")
        return response
    }

    @Sendable private static func page(_ context: RequestContext) async throws -> HTTPResponse {
        let backend = context.services.backend
        var response = HTTPResponse.html(
            MonitoringPage.html(name: backend.configuration.appName, loops: backend.loops.count, assets: backend.docs))
        response.headers.set("Content-Security-Policy", MonitoringPage.contentSecurityPolicy)
        response.headers.set("Cache-Control", "no-cache")
        return response
    }

    @Sendable private static func events(_ context: RequestContext) async throws -> HTTPResponse {
        let live = context.services.backend.live
        // Before the head is sent: of any number that come at once, those for whom there is no place are told so.
        guard let slot = live.slots.take(for: ClientAddress.limitKey(of: context.clientAddress)) else { throw tooManyViewers }
        return .events { writer in
            defer { withExtendedLifetime(slot) {} }
            guard let view = await live.join() else { return }
            do {
                try await writer.suggestRetry(after: .seconds(2))
                try await writer.send("history", LiveMonitor.array(of: view.history))
                for await sample in view.samples { try await writer.send("sample", sample) }
                await live.leave(view.id)
            } catch {
                await live.leave(view.id)
                throw error
            }
        }
    }

    private static let tooManyViewers = APIError.unavailable(code: "TOO_MANY_VIEWERS", "Too many are watching")

    @Sendable private static func home(_ context: RequestContext) async throws -> HTTPResponse {
        let name = context.services.configuration.appName
        var response: HTTPResponse
        if context.request.header("accept")?.lists("text/html") == true {
            response = HTTPResponse.html(HomePage.html(name: name))
            response.headers.set("Content-Security-Policy", HomePage.contentSecurityPolicy)
        } else {
            response = HTTPResponse.json(Message("Welcome to \(name)").json)
        }
        response.headers.set("Vary", "Accept")
        return response
    }

    private static let noStore = [HeaderField(name: "Cache-Control", value: "no-store")]
}

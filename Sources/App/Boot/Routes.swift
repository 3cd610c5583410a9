// Every route there is, and what stands around each: the one list of each. A request meets the middleware from the top down and
// its answer from the bottom up.

import Reactor

/// What the application serves.
enum Routes {
    /// Built once and shared by all loops. What is served to whom may depend on the configuration; where, never does.
    static func table(_ configuration: AppConfiguration) -> RouteTable {
        RouteTable(
            RouteTable.Mount(
                "", AuthRoutes.group, KeyRoutes.group, UserRoutes.group(isOpen: configuration.opensDirectory), TaskRoutes.group,
                JobRoutes.taskGroup, ProductRoutes.group, PostRoutes.group(isOpen: configuration.opensDirectory), FileRoutes.group,
                MonitoringRoutes.group,
                DocsRoutes.group, MonitoringRoutes.home),
            RouteTable.Mount(
                "/api/v1", AuthRoutes.group, UserRoutes.group(isOpen: false), TaskRoutes.group, JobRoutes.taskGroup, JobRoutes.group,
                ProductRoutes.group, PostRoutes.group(isOpen: false), FileRoutes.group, MonitoringRoutes.group))
    }

    /// Outermost first. One list a loop: some of it counts.
    static func middleware(_ services: Services, trustedProxies: TrustedProxies) -> [any Middleware] {
        let configuration = services.configuration
        let tracing = services.backend.tracer.map {
            TracingMiddleware($0, isTLS: configuration.server.tls.isOn, trustedProxies: trustedProxies)
        }
        let outermost: [any Middleware] = tracing.map { [$0] } ?? []
        return outermost + [
            AccessLogMiddleware(logger: services.logger),
            MetricsMiddleware(HTTPMetrics(services.backend.metrics)),
            SecurityHeadersMiddleware(isTLS: configuration.server.tls.isOn),
            CORSMiddleware(CORSPolicy(origins: configuration.cors.origins, allowsCredentials: configuration.cors.sendsCredentials)),
            ErrorMiddleware(logger: services.logger),
            AdmissionMiddleware(
                maxInFlight: configuration.server.maxRequestsInFlight, maxQueueAge: configuration.server.maxQueueAge),
            AuthenticationMiddleware(
                TokenAuthenticator(store: services.sessions, tokens: services.tokens, database: services.database)),
            RateLimitMiddleware(
                services.limiter, tiers: configuration.rateLimits.rules, routes: configuration.rateLimits.routeRules),
            IdempotencyMiddleware(services.idempotency, logger: services.logger),
            ETagMiddleware(),
        ]
    }

    /// The description of `table`.
    static func document(_ table: RouteTable, _ configuration: AppConfiguration) -> OpenAPIDocument {
        OpenAPIDocument(
            title: configuration.appName, version: Version.current,
            description: "Every path answers with and without a slash at its end. Errors are `{\"detail\": ...}` with a stable `code`.",
            table)
    }

    /// The application of one loop: what its HTTP connections hand their requests to.
    static func application(_ backend: Backend, on loop: EventLoop) throws -> WebApplication {
        let services = Services(of: backend, on: loop)
        let trustedProxies = try TrustedProxies(backend.configuration.server.trustedProxies.joined(separator: ","))
        return WebApplication(
            table: backend.table, services: services, middleware: middleware(services, trustedProxies: trustedProxies),
            trustedProxies: trustedProxies)
    }
}

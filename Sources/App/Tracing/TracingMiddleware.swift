// A span around every request whose trace is kept. Outermost, so that the access log knows the trace; in the list only where there is a
// tracer.

import Actors
import Reactor

/// Tells the tracer about requests, by OpenTelemetry's semantic conventions for HTTP servers.
struct TracingMiddleware: Middleware {
    /// Of a `User-Agent`: a span may wait for a collector, and thousands with it.
    private static let maxAgentBytes = 256

    private let tracer: Tracer
    private let scheme: String
    private let trustedProxies: TrustedProxies

    init(_ tracer: Tracer, isTLS: Bool, trustedProxies: TrustedProxies) {
        self.tracer = tracer
        self.trustedProxies = trustedProxies
        scheme = isTLS ? "https" : "http"
    }

    func respond(to context: RequestContext, next: Next) async throws -> HTTPResponse {
        let parent = context.request.header("traceparent").flatMap { TraceParent($0) }
        let isTrusted = parent != nil && ClientAddress.isTrusted(context.request.remoteAddress, trustedProxies)
        let trace = tracer.begin(parent: parent, isTrusted: isTrusted)
        context.trace = trace
        guard trace.isKept else { return try await next(context) }
        do {
            let response = try await ActiveSpan.$current.withValue(trace.span) { try await next(context) }
            finish(context, trace, status: response.status.code)
            return response
        } catch {
            finish(context, trace, status: APIError(error).status.code)
            throw error
        }
    }

    private func finish(_ context: RequestContext, _ trace: RequestTrace, status: Int) {
        let request = context.request
        let method = request.method.rawValue
        let route = context.route?.label
        let duration = MonotonicInstant.now() - context.startedAt
        var span = TraceSpan(
            trace: trace.span.trace, id: trace.span.id, parent: trace.parent, kind: .server,
            // The template: a path would make a name of its own for each task there is.
            name: route.map { "\(method) \($0)" } ?? method,
            start: .now() - duration, duration: duration)
        if trace.parent != nil, let state = request.header("tracestate"), state.byteCount <= TraceParent.maxStateBytes {
            span.traceState = state
        }
        span.attributes = [
            ("http.request.method", .text(method)),
            ("url.path", .text(request.path)),
            ("url.scheme", .text(scheme)),
            ("http.response.status_code", .integer(status)),
            ("client.address", .text(context.clientAddress)),
            ("network.protocol.version", .text(request.isHTTP11 ? "1.1" : "1.0")),
        ]
        if let route { span.attributes.append(("http.route", .text(route))) }
        if let agent = request.header("user-agent") {
            span.attributes.append(("user_agent.original", .text(agent.cut(toBytes: TracingMiddleware.maxAgentBytes))))
        }
        if status >= 500 {
            span.isError = true
            span.attributes.append(("error.type", .text(String(status))))
        }
        tracer.exporter.record(span)
    }
}

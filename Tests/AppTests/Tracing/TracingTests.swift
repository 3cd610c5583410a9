// Spans on their way to a collector of the test's own: a small server that keeps what it is sent.

@testable import App
import Reactor
import Synchronization
import TestSupport
import Testing

/// A collector that answers with whatever status it is told to.
private final class Collector: HTTPResponder {
    private struct State {
        var status = HTTPStatus.ok
        var bodies: [JSONValue] = []
        var headers: [String?] = []
        var paths: [String] = []
        var isHolding = false
        var held: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        let bytes = (try? await request.body.collect(upTo: 16 << 20)) ?? []
        let body = (try? JSONParser.parse(bytes)) ?? .null
        let path = request.path
        let key = request.header("api-key")
        state.withLock { state in
            state.paths.append(path.swiftString)
            state.headers.append(key?.swiftString)
        }
        await withCheckedContinuation { continuation in
            let isHeld = state.withLock { state in
                if state.isHolding { state.held.append(continuation) }
                return state.isHolding
            }
            if !isHeld { continuation.resume() }
        }
        return state.withLock { state in
            if state.status == .ok { state.bodies.append(body) }
            return HTTPResponse(status: state.status, body: .bytes(Array("{}".utf8)))
        }
    }

    /// Whether requests are left without an answer from now on.
    func hold(_ isHolding: Bool) { state.withLock { $0.isHolding = isHolding } }

    /// Answers those that were.
    func release() {
        let held = state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        for continuation in held { continuation.resume() }
    }

    func answer(with status: HTTPStatus) { state.withLock { $0.status = status } }
    var paths: [String] { state.withLock { $0.paths } }
    var keys: [String?] { state.withLock { $0.headers } }

    /// Every span that was taken, in order.
    var spans: [JSONValue] {
        state.withLock { $0.bodies }.flatMap { $0["resourceSpans"]?[0]?["scopeSpans"]?[0]?["spans"]?.elements ?? [] }
    }
}

extension JSONValue {
    fileprivate var elements: [JSONValue]? {
        if case .array(let elements) = self { return elements }
        return nil
    }

    fileprivate subscript(index: Int) -> JSONValue? {
        guard let elements, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// The value of a span's attribute, as text.
    fileprivate func attribute(_ name: String) -> String? {
        let found = self["attributes"]?.elements?.first { $0["key"]?.string == name }?["value"]
        return found?["stringValue"]?.string ?? found?["intValue"]?.string
    }
}

/// Runs `body` with a collector, and the URL that it listens on.
private func withCollector(_ body: @escaping @Sendable (Collector, String) async throws -> Void) async throws {
    try await EventLoopGroup.withGroup(loops: 1) { group in
        let collector = Collector()
        let server = try await HTTPServer.start(
            on: group, HTTPServerConfiguration(address: .ip(host: "127.0.0.1", port: 0))
        ) { _ in collector }
        do {
            try await body(collector, "http://\(server.address)")
        } catch {
            await server.drain(within: .seconds(1))
            throw error
        }
        await server.drain(within: .seconds(1))
    }
}

@Suite struct SpanExporterTests {
    private static func span(_ index: Int) -> TraceSpan {
        TraceSpan(
            trace: TraceID(high: 1, low: 2), id: SpanID(value: UInt64(index + 1)), parent: nil, kind: .server, name: "span \(index)",
            start: Timestamp(seconds: 1), duration: .zero)
    }

    /// Runs `body` with an exporter, and gives the metrics' text afterwards.
    private static func export(
        to url: String, _ limits: SpanExporter.Limits, headers: [(name: String, value: String)] = [],
        _ body: @escaping @Sendable (SpanExporter, EventLoop) async throws -> Void
    ) async throws -> String {
        let metrics = PrometheusMetrics()
        try await withLoop { isolation in
            let exporter = SpanExporter(
                loop: isolation.loop, endpoint: url, headers: headers, encoder: OTLPEncoder(resource: []), metrics: metrics,
                logger: LogOutput.logger(.init(format: .json), colored: false) { _ in }, limits: limits)
            await exporter.start()
            try await body(exporter, isolation.loop)
            await exporter.stop()
        }
        return String(decoding: ExpositionFormat.prometheus.encode(metrics.families()), as: UTF8.self)
    }

    @Test func spansLeaveInBatchesAndTheRestAtTheEnd() async throws {
        try await withCollector { collector, url in
            var limits = SpanExporter.Limits()
            limits.maxBatch = 10
            limits.period = .seconds(60)
            let metrics = try await Self.export(to: url + "/", limits, headers: [("Api-Key", "k")]) { exporter, loop in
                for index in 0..<10 { exporter.record(Self.span(index)) }
                // A full batch does not wait for the period.
                let isSent = try await eventually(on: loop) { collector.spans.count == 10 }
                #expect(isSent)
                for index in 10..<13 { exporter.record(Self.span(index)) }
            }
            #expect(collector.spans.map { $0["name"]?.string } == (0..<13).map { "span \($0)" })
            #expect(collector.paths == ["/v1/traces", "/v1/traces"])
            #expect(collector.keys == ["k", "k"])
            #expect(metrics.contains("otel_spans_exported_total 13\n"))
        }
    }

    @Test func aQueueThatIsFullDropsAndCounts() async throws {
        try await withCollector { collector, url in
            var limits = SpanExporter.Limits()
            limits.maxQueued = 5
            limits.period = .seconds(60)
            let metrics = try await Self.export(to: url, limits) { exporter, _ in
                for index in 0..<8 { exporter.record(Self.span(index)) }
            }
            #expect(collector.spans.count == 5)
            #expect(metrics.contains("otel_spans_dropped_total{reason=\"queue_full\"} 3\n"))
        }
    }

    @Test func whatACollectorRefusesIsCountedAndTheNextIsTried() async throws {
        try await withCollector { collector, url in
            var limits = SpanExporter.Limits()
            limits.maxBatch = 2
            limits.period = .milliseconds(5)
            collector.answer(with: .serviceUnavailable)
            let metrics = try await Self.export(to: url, limits) { exporter, loop in
                for index in 0..<2 { exporter.record(Self.span(index)) }
                let isTried = try await eventually(on: loop) { collector.paths.count == 1 }
                #expect(isTried)
                collector.answer(with: .ok)
                for index in 2..<4 { exporter.record(Self.span(index)) }
                let isTaken = try await eventually(on: loop) { collector.spans.count == 2 }
                #expect(isTaken)
            }
            #expect(metrics.contains("otel_spans_dropped_total{reason=\"export_failed\"} 2\n"))
            #expect(metrics.contains("otel_spans_exported_total 2\n"))
        }
    }

    @Test func theEndWaitsForTheBatchUnderWayAndALittleForTheRest() async throws {
        try await withCollector { collector, url in
            var limits = SpanExporter.Limits()
            limits.maxBatch = 1
            limits.period = .seconds(60)
            limits.timeout = .seconds(30)
            limits.lastTimeout = .milliseconds(100)
            collector.hold(true)
            let begin = MonotonicInstant.now()
            let metrics = try await Self.export(to: url, limits) { exporter, loop in
                for index in 0..<4 { exporter.record(Self.span(index)) }
                let isUnderWay = try await eventually(on: loop) { collector.paths.count == 1 }
                #expect(isUnderWay)
                Task(executorPreference: loop) {
                    // The timer goes with the beginning of the end.
                    while await exporter.isRunning { await Task.yield() }
                    collector.release()
                }
            }
            #expect(MonotonicInstant.now() - begin < .seconds(10))
            #expect(collector.paths.count == 2)
            #expect(metrics.contains("otel_spans_exported_total 1\n"))
            #expect(metrics.contains("otel_spans_dropped_total{reason=\"export_failed\"} 3\n"))
            collector.release()
        }
    }

    @Test func aCollectorThatIsNotThereHoldsNobodyUp() async throws {
        let metrics = try await Self.export(to: "http://127.0.0.1:1", SpanExporter.Limits()) { exporter, _ in
            exporter.record(Self.span(0))
        }
        #expect(metrics.contains("otel_spans_dropped_total{reason=\"export_failed\"} 1\n"))
    }
}

@Suite struct TracingAppTests {
    @Test(arguments: TestSetup.all)
    func aRequestIsASpanWithItsStatementsBelow(_ setup: TestSetup) async throws {
        try await withCollector { collector, url in
            try await TestApp.run(on: setup, configure: { $0.tracing.endpoint = url }) { app in
                let alice = try await app.registered()
                let fields = [
                    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=b", "User-Agent": "test",
                ]
                let missing = try await alice.get("/tasks/4711", fields)
                #expect(missing.status == 404)
                #expect(app.log.text.contains("0af7651916cd43dd8448eb211c80319c"))
            }
            // The application has ended: everything has been sent.
            let ofTrace = collector.spans.filter { $0["traceId"]?.string == "0af7651916cd43dd8448eb211c80319c" }
            let server = try #require(ofTrace.first { $0["parentSpanId"]?.string == "b7ad6b7169203331" })
            #expect(server["name"]?.string == "GET /tasks/{task_id}")
            #expect(server["traceState"]?.string == "a=b")
            #expect(server.attribute("http.request.method") == "GET")
            #expect(server.attribute("http.route") == "/tasks/{task_id}")
            #expect(server.attribute("http.response.status_code") == "404")
            #expect(server.attribute("url.path") == "/tasks/4711")
            #expect(server.attribute("url.scheme") == "http")
            #expect(server.attribute("user_agent.original") == "test")
            #expect(server["status"] == nil, "the client was wrong, not the server")
            let statements = ofTrace.filter { $0["parentSpanId"]?.string == server["spanId"]?.string }
            #expect(statements.contains { $0["name"]?.string == "SELECT" })
            #expect(statements.allSatisfy { $0.attribute("db.system.name") == (setup.database == .postgres ? "postgresql" : "sqlite") })
            let texts = statements.compactMap { $0.attribute("db.query.text") }
            #expect(!texts.isEmpty)
            #expect(texts.allSatisfy { !$0.contains("4711") }, "a value stands in a statement's text")
            #expect(collector.spans.contains { $0["name"]?.string == "POST /auth/login" })
        }
    }

    @Test func aTraceThatItsBeginningDropsIsDroppedAndStillLogged() async throws {
        try await withCollector { collector, url in
            try await TestApp.run(
                configure: {
                    $0.tracing.endpoint = url
                    $0.server.trustedProxies = ["127.0.0.1"]
                }
            ) { app in
                _ = try await app.client.get("/livez", ["traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"])
                #expect(app.log.text.contains("0af7651916cd43dd8448eb211c80319c"))
            }
            #expect(collector.spans.isEmpty)
        }
    }

    @Test(arguments: [true, false])
    func onlyATrustedProxyHasItsTracesKept(_ isTrusted: Bool) async throws {
        try await withCollector { collector, url in
            try await TestApp.run(
                configure: {
                    $0.tracing.endpoint = url
                    $0.tracing.ratio = 0
                    $0.server.trustedProxies = isTrusted ? ["127.0.0.1"] : []
                }
            ) { app in
                _ = try await app.client.get("/livez", ["traceparent": "00-0af7651916cd43dd0000000000000000-b7ad6b7169203331-01"])
                #expect(app.log.text.contains("0af7651916cd43dd0000000000000000"))
            }
            #expect(collector.spans.count == (isTrusted ? 1 : 0))
        }
    }

    @Test func nobodyChoosesAnIDThatIsKept() async throws {
        try await withLoop { isolation in
            let exporter = SpanExporter(
                loop: isolation.loop, endpoint: "http://127.0.0.1:1", headers: [], encoder: OTLPEncoder(resource: []),
                metrics: PrometheusMetrics(), logger: LogOutput.logger(.init(format: .json), colored: false) { _ in })
            let tracer = Tracer(exporter: exporter, ratio: 0.5, dialect: .sqlite)
            // Every share but none would keep it.
            let parent = TraceParent(trace: TraceID(high: 1, low: 0), span: SpanID(value: 1), isSampled: true)
            let kept = (0..<2_000).count { _ in tracer.begin(parent: parent, isTrusted: false).isKept }
            #expect(abs(kept - 1_000) < 200)
            #expect(tracer.begin(parent: parent, isTrusted: false).span.trace == parent.trace)
        }
    }

    @Test func whatACallerSendsAlongIsBounded() async throws {
        try await withCollector { collector, url in
            try await TestApp.run(configure: { $0.tracing.endpoint = url }) { app in
                for length in [512, 513] {
                    let fields = [
                        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                        "tracestate": "a=" + String(repeating: "b", count: length - 2), "User-Agent": String(repeating: "u", count: length),
                    ]
                    _ = try await app.client.get("/livez", fields)
                }
            }
            #expect(collector.spans.map { $0["traceState"]?.string?.utf8.count } == [512, nil])
            #expect(collector.spans.map { $0.attribute("user_agent.original")?.utf8.count } == [256, 256])
        }
    }

    @Test func aCollectorThatFailsDisturbsNoRequest() async throws {
        try await TestApp.run(configure: { $0.tracing.endpoint = "http://127.0.0.1:1" }) { app in
            for _ in 0..<20 { try await #expect(app.client.get("/livez").status == 200) }
        }
    }

    @Test func withoutAnEndpointThereIsNoTracer() async throws {
        try await TestApp.run { app in
            #expect(app.backend.tracer == nil)
            _ = try await app.client.get("/livez")
            #expect(!app.log.text.contains("trace_id"))
            let metrics = try await app.client.get("/metrics")
            #expect(!metrics.text.contains("otel_"))
        }
    }
}

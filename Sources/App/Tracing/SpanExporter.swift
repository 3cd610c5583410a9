// Finished spans on their way to a collector: gathered under a lock from any loop, sent in batches by an actor on one of them, with
// the encoding and the POST on the blocking pool. Nothing waits for it, and nothing that happens to it happens to a request.

import Logging
import Reactor

/// Sends spans to `{endpoint}/v1/traces`.
actor SpanExporter {
    /// OpenTelemetry's defaults for its batching processor.
    struct Limits: Sendable {
        /// Spans that wait; more are dropped.
        var maxQueued = 2_048
        var maxBatch = 512
        var period: Duration = .seconds(5)
        var timeout: Duration = .seconds(10)
        /// For what waits when the server ends, all of it together: nobody waits longer for it.
        var lastTimeout: Duration = .seconds(3)
    }

    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private nonisolated let waiting: Lock<[TraceSpan]>
    private nonisolated let limits: Limits
    private nonisolated let dropped: PrometheusCounter
    private let exported: PrometheusCounter
    private let failed: PrometheusCounter
    private let poster: HTTPPoster
    private let encoder: OTLPEncoder
    private let logger: Logger
    private var timer: LoopTimer?
    private var sending: Task<Void, Never>?
    private var isFailing = false

    init(
        loop: EventLoop, endpoint: String, headers: [(name: String, value: String)], encoder: OTLPEncoder, metrics: PrometheusMetrics,
        logger: Logger, limits: Limits = Limits()
    ) {
        self.loop = loop
        self.limits = limits
        self.encoder = encoder
        self.logger = logger
        waiting = Lock([])
        poster = HTTPPoster(
            url: SpanExporter.tracesURL(endpoint), headers: [(name: "Content-Type", value: "application/json")] + headers)
        let help = "Spans that reached no collector"
        dropped = metrics.counter("otel_spans_dropped_total", help: help, [("reason", "queue_full")])
        failed = metrics.counter("otel_spans_dropped_total", help: help, [("reason", "export_failed")])
        exported = metrics.counter("otel_spans_exported_total", help: "Spans that a collector took")
    }

    /// The endpoint is a base, as OTEL_EXPORTER_OTLP_ENDPOINT has it everywhere.
    static func tracesURL(_ endpoint: String) -> String {
        endpoint.hasSuffix("/") ? "\(endpoint)v1/traces" : "\(endpoint)/v1/traces"
    }

    /// Takes a span in, or drops it. Any thread; never waits.
    nonisolated func record(_ span: TraceSpan) {
        let count = waiting.withLock { waiting -> Int in
            guard waiting.count < limits.maxQueued else { return 0 }
            waiting.append(span)
            return waiting.count
        }
        if count == 0 { dropped.increment() }
        // A full batch does not wait for its time; one that is larger has been announced.
        if count == limits.maxBatch { Task(executorPreference: loop) { await self.beginSending() } }
    }

    /// Between ``start()`` and ``stop()``.
    var isRunning: Bool { timer != nil }

    func start() {
        guard !isRunning else { return }
        let timer = LoopTimer(loop: loop)
        self.timer = timer
        timer.start(after: limits.period, repeating: limits.period) { [unowned self] in
            assumeIsolated { $0.beginSending() }
        }
    }

    /// Waits for the batch that is under way, sends what waits for as long as it may take, and ends: no later than both time-outs
    /// together. Must be called before the loop ends.
    func stop() async {
        guard let timer else { return }
        timer.stop()
        self.timer = nil
        await sending?.value
        await sendLast()
    }

    private func beginSending() {
        guard sending == nil, isRunning else { return }
        sending = Task(executorPreference: loop) { await self.sendInTime() }
    }

    /// Until nothing waits, the server ends, or a batch fails: a collector that is away is asked again with the next period.
    private func sendInTime() async {
        while isRunning, let batch = takeBatch(), await send(batch, within: limits.timeout) {}
        sending = nil
    }

    private func sendLast() async {
        let deadline = MonotonicInstant.now() + limits.lastTimeout
        while deadline > .now(), let batch = takeBatch(), await send(batch, within: deadline - .now()) {}
        // Nobody asks again.
        let rest = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting.count
        }
        failed.increment(by: Int64(rest))
    }

    /// Nil where nothing waits.
    private func takeBatch() -> [TraceSpan]? {
        waiting.withLock { waiting in
            let batch = Array(waiting.prefix(limits.maxBatch))
            waiting.removeFirst(batch.count)
            return batch.isEmpty ? nil : batch
        }
    }

    private func send(_ batch: [TraceSpan], within timeout: Duration) async -> Bool {
        do {
            let encoder = self.encoder
            // Encoding takes a millisecond or two, which requests would wait for.
            let body = try await loop.runBlocking { encoder.encode(batch) }
            try await poster.post(body, timeout: timeout, on: loop)
            exported.increment(by: Int64(batch.count))
            if isFailing { logger.notice("spans are exported again") }
            isFailing = false
            return true
        } catch {
            failed.increment(by: Int64(batch.count))
            // Once, not every few seconds.
            if !isFailing { logger.warning("spans are not exported", metadata: ["error": "\(error)"]) }
            isFailing = true
            return false
        }
    }
}

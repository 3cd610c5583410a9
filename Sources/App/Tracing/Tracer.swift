// Makes spans of requests and of what they ask the database. One a process, and only where OTEL_EXPORTER_OTLP_ENDPOINT is set: without it
// there is no tracer, and nothing of this is in a request's way. Any thread.

import Actors
import Reactor

/// The span that a task works for.
struct ActiveSpan: Sendable {
    let trace: TraceID
    let id: SpanID

    /// Set around the handler of a request whose trace is kept.
    @TaskLocal static var current: ActiveSpan?
}

/// Decides what is traced, and hands finished spans to the exporter.
final class Tracer: Sendable {
    let ids = TraceIDGenerator()
    let exporter: SpanExporter
    private let sampler: TraceSampler
    private let databaseSystem: String
    private let dialect: SQLDialect

    init(exporter: SpanExporter, ratio: Double, dialect: SQLDialect) {
        self.exporter = exporter
        self.dialect = dialect
        sampler = TraceSampler(ratio: ratio)
        databaseSystem = dialect == .postgres ? "postgresql" : "sqlite"
    }

    /// Where a request belongs: in the trace that its caller names, else in one of its own.
    /// - Parameter isTrusted: whether the caller's word counts for whether the trace is kept. Where it does not, neither does the id,
    ///   which whoever sends it can choose so that every share keeps it: a trace of our own is asked for instead.
    func begin(parent: TraceParent?, isTrusted: Bool) -> RequestTrace {
        let trace = parent?.trace ?? ids.trace()
        let isKept = parent == nil || isTrusted ? sampler.keeps(trace, parent: parent) : sampler.keeps(ids.trace(), parent: nil)
        return RequestTrace(span: ActiveSpan(trace: trace, id: ids.span()), parent: parent?.span, isKept: isKept)
    }

    /// What a pool tells of its statements: for those that a traced request asks for, a span. The text has placeholders where values
    /// are, so nothing of a user's is in it.
    @Sendable func observe(_ statement: SQLStatement, _ began: MonotonicInstant, _ error: DatabaseError?) {
        guard let active = ActiveSpan.current else { return }
        let text = statement.text(dialect)
        let operation = text.prefix { $0 != " " && $0 != "\n" }.uppercased()
        let duration = MonotonicInstant.now() - began
        var span = TraceSpan(
            trace: active.trace, id: ids.span(), parent: active.id, kind: .client, name: operation,
            start: .now() - duration, duration: duration)
        span.attributes = [
            ("db.system.name", .text(databaseSystem)), ("db.operation.name", .text(operation)), ("db.query.text", .text(text)),
        ]
        if let error {
            span.isError = true
            span.attributes.append(("error.type", .text(Tracer.name(of: error))))
        }
        exporter.record(span)
    }

    /// The kind of error alone: what it holds may quote a value.
    private static func name(of error: DatabaseError) -> String {
        switch error {
        case .unavailable: "unavailable"
        case .timeout: "timeout"
        case .connectionLost: "connection_lost"
        case .constraint(let kind, _): "constraint_\(kind)"
        case .serialization: "serialization"
        case .incapable: "incapable"
        case .statement(let sqlState, _): sqlState
        case .decoding: "decoding"
        case .cancelled: "cancelled"
        case .closed: "closed"
        }
    }
}

/// A request's place in a trace.
struct RequestTrace: Sendable {
    let span: ActiveSpan
    let parent: SpanID?
    /// Whether its span is exported; its id is logged in any case.
    let isKept: Bool
}

// What is told of a piece of work when it is over. A value.

import Reactor

/// A finished span.
struct TraceSpan: Sendable {
    /// OpenTelemetry's numbers.
    enum Kind: Int, Sendable {
        case server = 2
        case client = 3
    }

    enum Attribute: Sendable, Equatable {
        case text(Text)
        case integer(Int)

        static func text(_ string: String) -> Attribute { .text(Text(string)) }
    }

    let trace: TraceID
    let id: SpanID
    let parent: SpanID?
    /// As the caller sent it.
    var traceState: Text?
    let kind: Kind
    let name: String
    let start: Timestamp
    let duration: Duration
    /// By the names of OpenTelemetry's semantic conventions.
    var attributes: [(name: String, value: Attribute)] = []
    var isError = false
}

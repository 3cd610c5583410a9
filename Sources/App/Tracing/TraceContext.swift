// Where a request belongs in a trace that may have begun elsewhere: W3C Trace Context, level 1. Values; pure but for the generator.

import Reactor
import Synchronization

/// 128 bits that name a trace.
struct TraceID: Sendable, Hashable {
    let high: UInt64
    let low: UInt64

    /// Thirty-two hexadecimal digits.
    var text: String { TraceHex.text(high) + TraceHex.text(low) }
}

/// 64 bits that name a span inside a trace; never zero.
struct SpanID: Sendable, Hashable {
    let value: UInt64

    /// Sixteen hexadecimal digits.
    var text: String { TraceHex.text(value) }
}

/// What a `traceparent` field says.
struct TraceParent: Sendable, Hashable {
    /// Of the `tracestate` beside it: as much as has to be passed on (W3C Trace Context 3.3.1.5). A longer one is left out whole.
    static let maxStateBytes = 512

    let trace: TraceID
    let span: SpanID
    let isSampled: Bool

    init(trace: TraceID, span: SpanID, isSampled: Bool) {
        self.trace = trace
        self.span = span
        self.isSampled = isSampled
    }

    /// Nil for what is not well-formed, which is as if it had not been sent (W3C Trace Context 3.2).
    init?(_ field: Text) {
        let bytes = Array(field.utf8)
        // A later version may be longer, behind a hyphen; version ff does not exist.
        guard bytes.count == 55 || (bytes.count > 55 && bytes[55] == UInt8(ascii: "-") && field.hasPrefix("00-") == false),
            bytes[2] == UInt8(ascii: "-"), bytes[35] == UInt8(ascii: "-"), bytes[52] == UInt8(ascii: "-"),
            let version = TraceHex.value(bytes[0..<2]), version != 0xFF,
            let high = TraceHex.value(bytes[3..<19]), let low = TraceHex.value(bytes[19..<35]), high != 0 || low != 0,
            let span = TraceHex.value(bytes[36..<52]), span != 0,
            let flags = TraceHex.value(bytes[53..<55])
        else { return nil }
        self.init(trace: TraceID(high: high, low: low), span: SpanID(value: span), isSampled: flags & 1 == 1)
    }
}

/// Hexadecimal digits as traces have them: in lower case, leading zeros included.
enum TraceHex {
    static func text(_ value: UInt64) -> String {
        var digits: [UInt8] = []
        digits.reserveCapacity(16)
        digits.append(hexadecimal: value)
        return String(ascii: digits)
    }

    /// Nil where a byte is no digit, or a capital one. At most sixteen digits.
    static func value(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
            default: return nil
            }
        }
        return value
    }
}

/// Makes ids that are unique and evenly spread, not secret: SplitMix64 from a random start. One a process; any thread.
final class TraceIDGenerator: Sendable {
    private let state: Atomic<UInt64>

    init(seed: UInt64 = .random(in: .min ... .max)) {
        state = Atomic(seed)
    }

    func trace() -> TraceID { TraceID(high: next(), low: next()) }
    func span() -> SpanID { SpanID(value: next()) }

    private func next() -> UInt64 {
        var mixed = state.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        // Zero is no id; one in 2^64 may come twice for it.
        return mixed == 0 ? 1 : mixed
    }
}

/// Which traces are kept: those that their beginning says are kept, where it is believed, and a share of those that begin here
/// (OpenTelemetry's parentbased_traceidratio).
struct TraceSampler: Sendable {
    /// Trace ids whose lower 63 bits are below it are kept.
    private let bound: UInt64

    /// - Parameter ratio: from 0, none, to 1, all.
    init(ratio: Double) {
        let clamped = min(1, max(0, ratio))
        // 2^63 itself is representable, and no lower half reaches it.
        bound = UInt64(clamped * 9_223_372_036_854_775_808)
    }

    func keeps(_ trace: TraceID, parent: TraceParent?) -> Bool {
        if let parent { return parent.isSampled }
        return trace.low & 0x7FFF_FFFF_FFFF_FFFF < bound
    }
}

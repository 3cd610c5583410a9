// The state of one validation: where it is, and every fault met so far. It goes on after a fault, so that a client learns of
// all of them at once. A value; one owner.

import Reactor

/// Collects the faults of an input.
struct Validation: Sendable {
    /// A megabyte of unknown members must not be answered with ten megabytes of faults: past this many the rest is not listed.
    static let maxFaults = 256
    /// An input longer than this, as JSON, is not echoed; nor can a fault a field multiply a big body.
    static let maxEchoedBytes = 2_048

    private(set) var faults: [Fault] = []
    /// Where the input being looked at stands.
    private(set) var location: [LocationPart]

    init(at location: [LocationPart]) {
        self.location = location
    }

    mutating func report(_ kind: FaultKind, input: JSONValue?) {
        guard faults.count < Validation.maxFaults else { return }
        faults.append(Fault(kind: kind, location: location, input: input.flatMap(Validation.echo)))
    }

    /// Runs `body` one step further in.
    mutating func at<Result>(_ part: LocationPart, _ body: (inout Validation) -> Result) -> Result {
        location.append(part)
        defer { location.removeLast() }
        return body(&self)
    }

    /// Takes over the faults of a validation that ran beside this one.
    mutating func merge(_ other: Validation) {
        faults.append(contentsOf: other.faults.prefix(max(0, Validation.maxFaults - faults.count)))
    }

    /// Throws everything that was found, if anything was.
    func finish() throws(APIError) {
        guard faults.isEmpty else { throw .validation(faults) }
    }

    private static func echo(_ input: JSONValue) -> JSONValue? {
        switch input {
        case .null, .bool: return input
        case .number(let number): return number.text.utf8.count <= maxEchoedBytes ? input : nil
        case .string(let text): return text.byteCount <= maxEchoedBytes ? input : nil
        case .array, .object: return input.isSerialized(within: maxEchoedBytes) ? input : nil
        }
    }
}

// The state of one validation: where it is, and every fault met so far. It goes on after a fault, so that a client learns of
// all of them at once. A value; one owner.

import Reactor

/// Collects the faults of an input.
struct Validation: Sendable {
    /// A megabyte of unknown members must not be answered with ten megabytes of faults: past this many the rest is not listed.
    static let maxFaults = 256
    /// An input longer than this, as JSON, is not echoed; nor can a fault a field multiply a big body.
    static let maxEchoedBytes = 2_048

    /// What all faults of a request echo together: past it the rest has no input.
    static let maxEchoedBytesTogether = 32_768

    private(set) var faults: [Fault] = []
    private var echoRoom = Validation.maxEchoedBytesTogether
    /// Where the input being looked at stands.
    private(set) var location: [LocationPart]

    init(at location: [LocationPart]) {
        self.location = location
    }

    mutating func report(_ kind: FaultKind, input: JSONValue?) {
        guard faults.count < Validation.maxFaults else { return }
        faults.append(Fault(kind: kind, location: location, input: input.flatMap { echo($0) }))
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
        echoRoom -= Validation.maxEchoedBytesTogether - other.echoRoom
    }

    /// Throws everything that was found, if anything was.
    func finish() throws(APIError) {
        guard faults.isEmpty else { throw .validation(faults) }
    }

    /// The input, where there is room for it. A size is counted and not written to be found out, and so without escapes.
    private mutating func echo(_ input: JSONValue) -> JSONValue? {
        guard let size = input.serializedSize(within: min(Validation.maxEchoedBytes, echoRoom)) else { return nil }
        echoRoom -= size
        return input
    }
}

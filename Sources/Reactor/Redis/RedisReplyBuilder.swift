// Assembles one reply from the events of hiredis' parser. Pure, and the place where a reply's size is bounded. Belongs to one
// RedisReplyReader, on its loop.

/// A stack of arrays under construction; a reply is complete when a value arrives and the stack is empty.
final class RedisReplyBuilder {
    private struct OpenArray {
        let count: Int
        var elements: [RedisValue]
    }

    private let limits: RedisReplyLimits
    private var open: [OpenArray] = []
    private var complete: RedisValue?
    private var elementCount = 0
    private var byteCount = 0

    /// Why the last event was refused.
    private(set) var refusal: String?

    init(limits: RedisReplyLimits) {
        self.limits = limits
    }

    /// Adds a value to the innermost open array. False past the limits.
    func add(_ value: RedisValue, byteCount: Int) -> Bool {
        self.byteCount += byteCount
        guard self.byteCount <= limits.maxBytes else {
            refusal = "a reply of more than \(limits.maxBytes) bytes"
            return false
        }
        finish(value)
        return true
    }

    /// Opens an array of `count` elements. False past the limits: the elements are charged before the first one arrives.
    func beginArray(count: Int) -> Bool {
        guard count >= 0, count <= limits.maxElements - elementCount else {
            refusal = "a reply of more than \(limits.maxElements) elements"
            return false
        }
        elementCount += count
        guard count > 0 else {
            finish(.array([]))
            return true
        }
        var elements: [RedisValue] = []
        elements.reserveCapacity(count)
        open.append(OpenArray(count: count, elements: elements))
        return true
    }

    /// The complete reply, once.
    func take() -> RedisValue? {
        defer {
            complete = nil
            elementCount = 0
            byteCount = 0
        }
        return complete
    }

    /// Puts a value in its place, and every array that it completes in theirs.
    private func finish(_ value: RedisValue) {
        var value = value
        while let last = open.indices.last {
            open[last].elements.append(value)
            guard open[last].elements.count == open[last].count else { return }
            value = .array(open.removeLast().elements)
        }
        complete = value
    }
}

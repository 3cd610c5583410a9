// Where in a path its parameters stand: offsets, kept without allocating.

/// The byte ranges that a template's parameters matched, in the template's order.
struct PathCaptures: Sendable {
    static let capacity = 4

    private var starts = InlineArray<4, Int>(repeating: 0)
    private var ends = InlineArray<4, Int>(repeating: 0)
    private(set) var count = 0

    subscript(position: Int) -> Range<Int> {
        starts[position]..<ends[position]
    }

    mutating func append(_ range: Range<Int>) {
        // Templates are checked at boot to have no more.
        precondition(count < PathCaptures.capacity)
        starts[count] = range.lowerBound
        ends[count] = range.upperBound
        count += 1
    }

    mutating func removeLast() {
        count -= 1
    }
}

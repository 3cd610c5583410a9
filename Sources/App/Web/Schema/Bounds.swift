// `length: 1...200`, `length: 8...`, `length: ...50` and none at all (`0...`), behind one parameter.

/// A range of lengths that may be open on either side.
protocol Bounds {
    var minimum: Int? { get }
    var maximum: Int? { get }
}

extension ClosedRange<Int>: Bounds {
    var minimum: Int? { lowerBound }
    var maximum: Int? { upperBound }
}

extension PartialRangeFrom<Int>: Bounds {
    var minimum: Int? { lowerBound }
    var maximum: Int? { nil }
}

extension PartialRangeThrough<Int>: Bounds {
    var minimum: Int? { nil }
    var maximum: Int? { upperBound }
}

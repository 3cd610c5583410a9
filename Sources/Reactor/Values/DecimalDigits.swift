// Numbers as decimal digits, written where they are wanted. Pure; any thread.

extension [UInt8] {
    /// Appends `value` in decimal digits. Makes no string.
    public mutating func append(decimal value: Int64) {
        if (0..<10).contains(value) { return append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value)) }
        if value < 0 { append(UInt8(ascii: "-")) }
        var low = count
        var rest = value.magnitude
        repeat {
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        // Turned round in place: reversing a slice would copy it first.
        var high = count - 1
        while low < high {
            swapAt(low, high)
            low += 1
            high -= 1
        }
    }
}

// Numbers at random, without a system call each: the standard library's generator asks the kernel every time, and twenty ids were
// twenty calls of getrandom. Any thread.

import Synchronization

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014): a counter, and a hash of it. Good enough to
/// choose rows; nothing here is secret.
final class BenchRandom: Sendable {
    private let counter = Atomic<UInt64>(.random(in: .min ... .max))

    /// An id or a number of the world table.
    func next() -> Int64 {
        var bits = counter.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        bits ^= bits >> 31
        // The high half of a 64 by 64 bit product falls evenly into the range, but for one part in 2^50.
        return World.range.lowerBound + Int64(bits.multipliedFullWidth(by: UInt64(World.range.count)).high)
    }
}

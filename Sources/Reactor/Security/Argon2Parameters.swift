// What an Argon2id hash costs. A value; any thread.

/// The cost of one Argon2id hash (RFC 9106): memory, passes and lanes.
public struct Argon2Parameters: Sendable, Hashable {
    /// Memory in KiB that one hash fills, and with which it occupies its thread.
    public var memoryKiB: UInt32
    /// Passes over that memory.
    public var passes: UInt32
    /// Lanes; libargon2 starts a thread for each beyond the first.
    public var lanes: UInt32

    public init(memoryKiB: UInt32, passes: UInt32, lanes: UInt32) {
        self.memoryKiB = memoryKiB
        self.passes = passes
        self.lanes = lanes
    }

    /// 19 MiB, two passes, one lane: the first recommendation of OWASP's Password Storage Cheat Sheet, about 20 ms of one core.
    public static let standard = Argon2Parameters(memoryKiB: 19 * 1_024, passes: 2, lanes: 1)

    /// True where libargon2 takes them and one hash stays below the limits that this server accepts from a stored hash.
    ///
    /// A stored hash names its own cost. An imported or tampered row must not be able to ask for 4 TiB.
    var areAcceptable: Bool {
        // RFC 9106 3.1: memory is at least 8 KiB a lane.
        lanes >= 1 && lanes <= 16 && passes >= 1 && passes <= 64
            && memoryKiB >= 8 * lanes && memoryKiB <= 1_048_576
    }
}

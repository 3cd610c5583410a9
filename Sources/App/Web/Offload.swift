// Where the long computing of requests is done: away from the loop. A value of one loop.

import Reactor

/// Runs pure computing that would hold the loop: large bodies are decoded here, large pages encoded.
///
/// A megabyte of small JSON values takes 25 to 50 ms, for which every other connection of the loop would wait. Such work runs on a thread
/// of low priority, one piece at a time for each loop: however much comes at once, it takes neither the cores from the loops nor the
/// blocking pool from the databases.
struct Offload: Sendable {
    private let loop: EventLoop
    private let turns: LoopSemaphore

    init(loop: EventLoop) {
        self.loop = loop
        turns = LoopSemaphore(loop: loop, permits: 1)
    }

    /// Of the text in a page that is encoded in place: two milliseconds, where every byte of it must be escaped.
    static let maxPageBytesInPlace = 65_536

    /// Encodes a page: on the loop, or where its rows hold much text in a turn elsewhere.
    /// - Parameter textBytes: what its rows' texts have together.
    /// - Throws: as ``run(_:)``.
    func encode<Encoded: Sendable>(textBytes: Int, _ encode: @escaping @Sendable () -> Encoded) async throws -> Encoded {
        textBytes <= Offload.maxPageBytesInPlace ? encode() : try await run(encode)
    }

    /// Runs `work` in its turn.
    ///
    /// Cancelling the task ends the wait for a turn; what has begun is finished.
    /// - Throws: `CancellationError`; `TransportError` where there can be no further thread.
    func run<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async throws -> Result {
        try await turns.withPermit { try await loop.runInBackground(work) }
    }
}

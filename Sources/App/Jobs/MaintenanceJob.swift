// The job that tidies up, and the ids that keep workers from doing it twice. Stateless; runs on the worker's loop.

import Actors
import Crypto
import Reactor

/// Removes expired sessions and refresh tokens.
enum MaintenanceJob {
    static let kind = "maintenance"
    /// Sessions stay for a while after their end, for whoever looks into what happened.
    static let retention: Duration = .seconds(7 * 86_400)
    static let maxRowsPerRun = 5_000

    @Sendable static func run(_ job: ClaimedJob) async throws -> JobOutcome {
        let cutoff = Timestamp.now() + (.zero - retention)
        return JobOutcome { transaction in
            try await SessionRepository.removeExpired(before: cutoff, limit: maxRowsPerRun, in: transaction)
        }
    }

    /// The job of the interval that `now` is in. Its id is made of that interval, so that of all workers that want to enqueue it
    /// one succeeds.
    static func job(at now: Timestamp, every interval: Duration) -> NewJob {
        let slot = now.microseconds / max(1, interval.wholeNanoseconds / 1_000)
        var bytes = Array(SHA256.hash(data: Array("\(kind):\(interval.wholeNanoseconds):\(slot)".utf8)).prefix(16))
        // RFC 9562 5.8: version 8 is for ids made in a way of one's own.
        bytes[6] = bytes[6] & 0x0F | 0x80
        bytes[8] = bytes[8] & 0x3F | 0x80
        var text: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
            text.append(HexDigit.lowercase(byte >> 4))
            text.append(HexDigit.lowercase(byte & 0x0F))
        }
        guard let id = JobID(String(decoding: text, as: UTF8.self)) else { preconditionFailure("these are the bytes of a UUID") }
        return NewJob(id: id, kind: kind)
    }
}

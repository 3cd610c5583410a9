// When a job runs again, and when no more. Pure: time and chance come as arguments.

public import Reactor

/// Attempts, back-off and leases of the queue.
public struct JobPolicy: Sendable, Hashable {
    /// Runs before a job is dead.
    public var maxAttempts: Int
    /// How long a worker holds a job without a sign of life.
    public var lease: Duration
    /// The pause behind the first failure, doubled with each that follows.
    public var firstBackOff: Duration
    public var maxBackOff: Duration

    public init(
        maxAttempts: Int = 5, lease: Duration = .seconds(30),
        firstBackOff: Duration = .seconds(2), maxBackOff: Duration = .seconds(300)
    ) {
        precondition(maxAttempts >= 1 && lease > .zero && firstBackOff > .zero && maxBackOff >= firstBackOff)
        self.maxAttempts = maxAttempts
        self.lease = lease
        self.firstBackOff = firstBackOff
        self.maxBackOff = maxBackOff
    }

    /// Three signs of life fit in a lease, so that one may be lost.
    public var heartbeat: Duration { lease / 3 }

    public func leaseEnd(now: Timestamp) -> Timestamp { now + lease }

    /// The pause behind the `attempts`-th failure.
    ///
    /// Half of it is fixed and half is chance ("equal jitter"; Brooker, "Exponential Backoff and Jitter", AWS 2015): jobs
    /// that failed together do not come back together, and none comes back at once.
    /// - Parameters:
    ///   - attempts: runs so far, from 1.
    ///   - chance: 0 to 1, drawn by the caller.
    public func backOff(attempts: Int, chance: Double) -> Duration {
        var full = firstBackOff
        var doublings = attempts - 1
        while doublings > 0, full < maxBackOff {
            full = full * 2
            doublings -= 1
        }
        full = min(full, maxBackOff)
        return full / 2 + full / 2 * min(max(chance, 0), 1)
    }

    /// What becomes of a job whose run failed.
    public enum AfterFailure: Sendable, Hashable {
        case retry(at: Timestamp)
        /// Kept for a person to look at: the dead letter.
        case dead
    }

    /// - Parameters:
    ///   - attempts: runs so far, the failed one among them.
    ///   - maxAttempts: the job's own limit.
    ///   - isPermanent: true where another attempt cannot help, such as a payload that cannot be read.
    public func afterFailure(
        attempts: Int, maxAttempts: Int, isPermanent: Bool, now: Timestamp, chance: Double
    ) -> AfterFailure {
        guard !isPermanent, attempts < maxAttempts else { return .dead }
        return .retry(at: now + backOff(attempts: attempts, chance: chance))
    }
}

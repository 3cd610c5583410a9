// Whether to try at all: after a few failures in a row nobody waits for the deadline any more. Pure; the owner passes the time.

/// A circuit breaker: closed (everything passes), open (nothing does, for an interval), half open (one probe at a time).
struct CircuitBreaker: Sendable {
    enum State: Sendable, Equatable {
        case closed(failuresInARow: Int)
        case open(until: MonotonicInstant)
        /// A probe is on its way, since this instant.
        case halfOpen(since: MonotonicInstant)
    }

    /// What ``admit(now:)`` decided; handed back with the outcome, so that stragglers sent before the breaker opened cannot
    /// close it, nor undo a probe.
    enum Admission: Sendable, Equatable {
        case pass
        case probe
        case refuse
    }

    private(set) var state = State.closed(failuresInARow: 0)
    private let failureThreshold: Int
    private let openInterval: Duration

    /// - Parameters:
    ///   - failureThreshold: failures in a row that open it, at least 1.
    ///   - openInterval: how long it stays open, and how long a probe may take before another is let through.
    init(failureThreshold: Int, openInterval: Duration) {
        self.failureThreshold = max(1, failureThreshold)
        self.openInterval = openInterval
    }

    var isClosed: Bool {
        if case .closed = state { true } else { false }
    }

    mutating func admit(now: MonotonicInstant) -> Admission {
        switch state {
        case .closed:
            return .pass
        case .open(let until):
            guard now >= until else { return .refuse }
            state = .halfOpen(since: now)
            return .probe
        case .halfOpen(let since):
            // A probe that never reported must not keep the breaker half open for ever.
            guard now >= since + openInterval else { return .refuse }
            state = .halfOpen(since: now)
            return .probe
        }
    }

    /// The server answered, be it with an error.
    mutating func succeeded(_ admission: Admission) {
        switch (state, admission) {
        case (.closed, _), (.halfOpen, .probe): state = .closed(failuresInARow: 0)
        case (.open, _), (.halfOpen, _): break
        }
    }

    mutating func failed(_ admission: Admission, now: MonotonicInstant) {
        switch (state, admission) {
        case (.closed(let failures), _):
            state =
                failures + 1 >= failureThreshold
                ? .open(until: now + openInterval)
                : .closed(failuresInARow: failures + 1)
        case (.halfOpen, .probe):
            state = .open(until: now + openInterval)
        case (.open, _), (.halfOpen, _):
            break
        }
    }

    /// The probe's task was cancelled before it learnt anything: the next command may probe at once.
    mutating func abandoned(_ admission: Admission, now: MonotonicInstant) {
        if case .halfOpen = state, admission == .probe { state = .open(until: now) }
    }

    /// A new connection was greeted by the server. That closes the breaker, on probation: one failure opens it again, so that
    /// a server which greets and then hangs does not start a new series of waits with every connection.
    mutating func connected() {
        if !isClosed { state = .closed(failuresInARow: failureThreshold - 1) }
    }
}

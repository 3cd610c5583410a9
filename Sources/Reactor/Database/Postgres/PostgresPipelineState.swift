// Whom each of libpq's results belongs to, and which statements are to be sent again. Pure: no I/O, no clock; owned by one
// PostgresConnection.
//
// In pipeline mode results come back in the order of sending, one (and then libpq's end mark) for each message sent. The
// statements between two Syncs are a group: when one of them fails, the server passes over the rest of the group, unrun, and
// libpq says PGRES_PIPELINE_ABORTED for each. A group is either many reads, or one statement alone.

import DequeModule

/// The statements that are sent and not answered.
///
/// `Request` is opaque: whatever the owner wants to get back.
struct PostgresPipelineState<Request> {
    /// What stands in front of a statement in its group, each with a result of its own, in this order.
    struct Leads: OptionSet {
        let rawValue: UInt8

        static var begin: Leads { Leads(rawValue: 1) }
        /// What holds for this transaction alone.
        static var settings: Leads { Leads(rawValue: 2) }
        static var prepare: Leads { Leads(rawValue: 4) }

        /// The one whose result comes next.
        var first: Leads {
            contains(.begin) ? .begin : contains(.settings) ? .settings : .prepare
        }
    }

    /// Which of a request's messages failed.
    enum Stage: Equatable {
        case begin
        case settings
        case prepare
        case execute
    }

    /// What a result says.
    enum Outcome: Equatable {
        case success
        case failure
        /// A failure that means "this prepared statement is not valid any more"; nothing was run.
        case stale
        /// Not run, because something in front of it in its group failed.
        case aborted
    }

    /// What is to be done with a result.
    enum Action {
        /// Nothing: it belonged to our own housekeeping, or to a request that has its answer.
        case ignore
        /// The request's statement is not prepared (any more); the request itself is sent again after the Sync.
        case notPrepared(Request)
        /// The result, good or bad, is the request's answer.
        /// - Parameter isFinal: false for a statement alone in its group: it counts when ``receivedSync()`` confirms it, which
        ///   is when its change is committed and the connection is quiet.
        case answer(Request, at: Stage, isFinal: Bool)
        /// The implicit commit failed: the result takes the place of the answer that is being held.
        case revoke(Request)
        /// The server, or this table, is out of step: the connection is of no more use.
        case violation
    }

    /// What became certain at a Sync.
    struct Confirmation {
        /// The request whose held answer is final now.
        var answered: Request?
        /// Requests that did not run, in their order, to be sent again, each alone.
        var replays: [Request] = []
    }

    /// Reads between two Syncs. More gain nothing (PostgreSQL's cost a lookup is 4.6 us at 16 and 3.1 us at 64), and the ones
    /// behind a failing one are run again.
    static var maxGroup: Int { 64 }

    private struct Statement {
        let request: Request
        let isAlone: Bool
        let mayReplay: Bool
        var leads: Leads
        var isSettled = false

        var stage: Stage {
            guard !leads.isEmpty else { return .execute }
            return leads.first == .begin ? .begin : leads.first == .settings ? .settings : .prepare
        }
    }

    private enum Entry {
        case statement(Statement)
        case housekeeping
        case sync
    }

    private var entries = Deque<Entry>()
    private var held: Request?
    private var replays: [Request] = []
    /// A result has come for the current message; libpq's end mark has not.
    private var isAnswered = false
    /// Messages since the last Sync.
    private(set) var openGroup = 0
    /// Statements that are not answered.
    private(set) var requestCount = 0

    init() {}

    /// True when the server owes nothing.
    var isEmpty: Bool { entries.isEmpty }

    /// Calls `body` with each request that has no final answer, the oldest first.
    func forEachWaiting(_ body: (Request) -> Void) {
        if let held { body(held) }
        for request in replays { body(request) }
        for case .statement(let statement) in entries where !statement.isSettled { body(statement.request) }
    }

    // MARK: Sent

    /// A statement was handed to libpq.
    /// - Parameters:
    ///   - isAlone: it is its group's only one; a Sync was sent before it and follows now.
    ///   - mayReplay: it may be sent again if the server did not run it.
    /// - Returns: true when a Sync must follow now rather than at the tick's end.
    mutating func sent(_ request: Request, leads: Leads, isAlone: Bool, mayReplay: Bool) -> Bool {
        entries.append(.statement(Statement(request: request, isAlone: isAlone, mayReplay: mayReplay, leads: leads)))
        openGroup += 1
        requestCount += 1
        return isAlone || openGroup >= Self.maxGroup
    }

    /// A message of our own that nobody waits for was handed to libpq.
    mutating func sentHousekeeping() {
        entries.append(.housekeeping)
        openGroup += 1
    }

    mutating func sentSync() {
        entries.append(.sync)
        openGroup = 0
    }

    // MARK: Received

    /// libpq gave a result other than a Sync.
    mutating func received(_ outcome: Outcome) -> Action {
        guard let first = entries.first else { return .violation }
        switch first {
        case .housekeeping:
            isAnswered = true
            return .ignore
        case .sync:
            // The implicit commit at the Sync failed (a deferred constraint): the statement that looked done is undone.
            guard outcome != .success, let request = held else { return .violation }
            return .revoke(request)
        case .statement(var statement):
            guard !isAnswered else { return .violation }
            isAnswered = true
            let action = receive(outcome, for: &statement)
            entries[0] = .statement(statement)
            return action
        }
    }

    private mutating func receive(_ outcome: Outcome, for statement: inout Statement) -> Action {
        let stage = statement.stage
        guard !statement.isSettled else { return .ignore }
        if outcome == .success, stage != .execute { return .ignore }
        if statement.mayReplay {
            if outcome == .aborted, stage == .prepare { return .notPrepared(statement.request) }
            if stage == .execute, outcome == .aborted || outcome == .stale {
                statement.isSettled = true
                replays.append(statement.request)
                return outcome == .stale ? .notPrepared(statement.request) : .ignore
            }
        }
        statement.isSettled = true
        if statement.isAlone {
            held = statement.request
        } else {
            requestCount -= 1
        }
        return .answer(statement.request, at: stage, isFinal: !statement.isAlone)
    }

    /// libpq's end mark behind a result.
    /// - Returns: false where there was no result: the connection is of no more use.
    mutating func receivedEnd() -> Bool {
        guard let first = entries.first else { return false }
        switch first {
        case .sync:
            return true  // behind the error of a failed implicit commit
        case .housekeeping:
            guard isAnswered else { return false }
            entries.removeFirst()
        case .statement(var statement):
            guard isAnswered else { return false }
            if statement.stage == .execute {
                entries.removeFirst()
            } else {
                statement.leads.remove(statement.leads.first)
                entries[0] = .statement(statement)
            }
        }
        isAnswered = false
        return true
    }

    /// libpq gave PGRES_PIPELINE_SYNC.
    /// - Returns: nil where no Sync was due: the connection is of no more use.
    mutating func receivedSync() -> Confirmation? {
        guard case .sync? = entries.first else { return nil }
        entries.removeFirst()
        let confirmation = Confirmation(answered: held, replays: replays)
        if held != nil { requestCount -= 1 }
        requestCount -= replays.count
        held = nil
        replays.removeAll()
        return confirmation
    }

    /// Empties the table: every request that has no answer, in order.
    mutating func abandonAll() -> [Request] {
        var requests: [Request] = []
        forEachWaiting { requests.append($0) }
        entries.removeAll()
        replays.removeAll()
        held = nil
        isAnswered = false
        openGroup = 0
        requestCount = 0
        return requests
    }
}

// Whom a result belongs to, with a server that fails wherever the test wants.

@testable import Reactor
import Testing

/// What PostgreSQL and libpq answer to what was sent: in order, and nothing but "aborted" between a failure and the next Sync.
private struct ScriptedServer {
    typealias State = PostgresPipelineState<Int>

    enum Sent {
        case message(request: Int, State.Stage)
        case housekeeping
        case sync
    }

    var state = State()
    var sent: [Sent] = []
    var answered: [Int: Bool] = [:]
    var held: [Int: Bool] = [:]
    var notPrepared: [Int] = []
    var replays: [Int] = []
    var violations = 0

    mutating func send(_ request: Int, leads: State.Leads = [], isAlone: Bool = false, mayReplay: Bool = true) {
        if isAlone, state.openGroup > 0 { sync() }
        if leads.contains(.begin) { sent.append(.message(request: request, .begin)) }
        if leads.contains(.prepare) { sent.append(.message(request: request, .prepare)) }
        sent.append(.message(request: request, .execute))
        if state.sent(request, leads: leads, isAlone: isAlone, mayReplay: mayReplay) { sync() }
    }

    mutating func sync() {
        sent.append(.sync)
        state.sentSync()
    }

    /// Answers everything that was sent.
    /// - Parameter outcome: of a message that is reached.
    mutating func answer(_ outcome: (Int, State.Stage) -> State.Outcome) {
        var isAborted = false
        for message in sent {
            switch message {
            case .sync:
                isAborted = false
                guard let confirmation = state.receivedSync() else {
                    violations += 1
                    continue
                }
                if let request = confirmation.answered { answered[request] = held[request] }
                replays += confirmation.replays
            case .housekeeping:
                act(on: state.received(isAborted ? .aborted : .success), .success)
                if !state.receivedEnd() { violations += 1 }
            case .message(let request, let stage):
                let result = isAborted ? .aborted : outcome(request, stage)
                if result != .success { isAborted = true }
                act(on: state.received(result), result)
                if !state.receivedEnd() { violations += 1 }
            }
        }
        sent = []
    }

    private mutating func act(on action: State.Action, _ outcome: State.Outcome) {
        switch action {
        case .ignore: break
        case .notPrepared(let request): notPrepared.append(request)
        case .answer(let request, _, true): answered[request] = outcome == .success
        case .answer(let request, _, false): held[request] = outcome == .success
        case .revoke(let request): held[request] = false
        case .violation: violations += 1
        }
    }
}

@Suite struct PostgresPipelineStateTests {
    @Test func readsOfOneTickShareASync() {
        var server = ScriptedServer()
        for request in 0..<10 { server.send(request) }
        #expect(server.state.openGroup == 10)
        server.sync()
        #expect(server.state.requestCount == 10)
        server.answer { _, _ in .success }
        #expect(server.answered.count == 10)
        #expect(server.answered.values.allSatisfy { $0 })
        #expect(server.state.isEmpty)
        #expect(server.violations == 0)
    }

    @Test(arguments: 0..<6, [false, true])
    func readsBehindAFailingOneAreReplayedAndThoseBeforeItStand(_ position: Int, _ arePrepared: Bool) {
        var server = ScriptedServer()
        for request in 0..<6 { server.send(request, leads: arePrepared ? [] : .prepare) }
        server.sync()
        server.answer { request, stage in request == position && stage == .execute ? .failure : .success }
        for request in 0..<position { #expect(server.answered[request] == true) }
        #expect(server.answered[position] == false)
        #expect(server.replays == Array((position + 1)..<6))
        #expect(server.notPrepared == (arePrepared ? [] : server.replays))
        #expect(server.state.requestCount == 0)
        for request in server.replays { server.send(request, isAlone: true, mayReplay: false) }
        server.answer { _, _ in .success }
        #expect(server.answered.count == 6)
        #expect(server.state.isEmpty)
        #expect(server.violations == 0)
    }

    @Test(arguments: 0..<6)
    func aFailingPreparationFailsItsOwnStatementOnly(_ position: Int) {
        var server = ScriptedServer()
        for request in 0..<6 { server.send(request, leads: .prepare) }
        server.sync()
        server.answer { request, stage in request == position && stage == .prepare ? .failure : .success }
        #expect(server.answered[position] == false)
        #expect(server.answered.count == position + 1)
        #expect(server.replays == Array((position + 1)..<6))
        #expect(server.state.isEmpty)
        #expect(server.violations == 0)
    }

    @Test(arguments: 0..<5)
    func aFailingWriteTouchesNoNeighbour(_ position: Int) {
        var server = ScriptedServer()
        server.send(100)
        for request in 0..<5 { server.send(request, isAlone: true) }
        server.send(101)
        server.sync()
        server.answer { request, _ in request == position ? .failure : .success }
        for request in 0..<5 { #expect(server.answered[request] == (request != position)) }
        #expect(server.answered[100] == true)
        #expect(server.answered[101] == true)
        #expect(server.replays.isEmpty)
        #expect(server.violations == 0)
    }

    @Test func aWriteIsAnsweredByItsSyncOnly() {
        var state = PostgresPipelineState<Int>()
        let outcome138 = state.sent(7, leads: [], isAlone: true, mayReplay: true)
        #expect(outcome138)
        state.sentSync()
        guard case .answer(7, at: .execute, isFinal: false) = state.received(.success) else {
            Issue.record("the answer is not held")
            return
        }
        let outcome144 = state.receivedEnd()
        #expect(outcome144)
        #expect(state.requestCount == 1)
        #expect(state.receivedSync()?.answered == 7)
        #expect(state.requestCount == 0)
    }

    @Test func aFailingImplicitCommitRevokesTheWrite() {
        var server = ScriptedServer()
        server.send(7, isAlone: true)
        guard case .answer(7, at: .execute, isFinal: false) = server.state.received(.success) else {
            Issue.record("the answer is not held")
            return
        }
        let outcome157 = server.state.receivedEnd()
        #expect(outcome157)
        guard case .revoke(7) = server.state.received(.failure) else {
            Issue.record("a deferred constraint's failure is not the write's")
            return
        }
        let outcome162 = server.state.receivedEnd()
        #expect(outcome162)
        #expect(server.state.receivedSync()?.answered == 7)
        #expect(server.state.isEmpty)
    }

    @Test(arguments: [true, false])
    func aStaleStatementIsPreparedAnewAndRunAgain(_ isAlone: Bool) {
        var server = ScriptedServer()
        server.send(1, isAlone: isAlone)
        if !isAlone {
            server.send(2)
            server.sync()
        }
        server.answer { request, _ in request == 1 ? .stale : .success }
        #expect(server.notPrepared == [1])
        #expect(server.replays == (isAlone ? [1] : [1, 2]))
        #expect(server.answered.isEmpty)
    }

    @Test func aStaleStatementThatMayNotBeReplayedFails() {
        var server = ScriptedServer()
        server.send(1, isAlone: true, mayReplay: false)
        server.answer { _, _ in .stale }
        #expect(server.answered == [1: false])
        #expect(server.replays.isEmpty)
    }

    @Test(arguments: [PostgresPipelineState<Int>.Stage.begin, .prepare, .execute])
    func theFirstStatementOfATransactionHearsOfEachFailure(_ failing: PostgresPipelineState<Int>.Stage) {
        var server = ScriptedServer()
        server.send(1, leads: [.begin, .prepare], isAlone: true, mayReplay: false)
        server.answer { _, stage in stage == failing ? .failure : .success }
        #expect(server.answered == [1: false])
        #expect(server.state.isEmpty)
        #expect(server.violations == 0)
    }

    @Test func aFullGroupIsEndedAtOnce() {
        var state = PostgresPipelineState<Int>()
        for request in 1..<PostgresPipelineState<Int>.maxGroup {
            let outcome202 = state.sent(request, leads: [], isAlone: false, mayReplay: true)
            #expect(!outcome202)
        }
        let outcome204 = state.sent(0, leads: [], isAlone: false, mayReplay: true)
        #expect(outcome204)
    }

    @Test func housekeepingIsNobodysAnswer() {
        var server = ScriptedServer()
        server.sent.append(.housekeeping)
        server.state.sentHousekeeping()
        server.send(1)
        server.sync()
        server.answer { _, _ in .success }
        #expect(server.answered == [1: true])
        #expect(server.violations == 0)
    }

    @Test func whatNobodyAskedForIsAViolation() {
        var state = PostgresPipelineState<Int>()
        guard case .violation = state.received(.success) else {
            Issue.record("a result without a statement was accepted")
            return
        }
        let outcome224 = state.receivedEnd()
        #expect(!outcome224)
        #expect(state.receivedSync() == nil)
        _ = state.sent(1, leads: [], isAlone: false, mayReplay: true)
        #expect(state.receivedSync() == nil)
        let outcome228 = state.receivedEnd()
        #expect(!outcome228)
    }

    @Test(arguments: 0...3)
    func abandoningGivesBackEveryRequestWithoutAnAnswer(_ answered: Int) {
        var state = PostgresPipelineState<Int>()
        for request in 0..<3 {
            _ = state.sent(request, leads: [], isAlone: true, mayReplay: true)
            state.sentSync()
        }
        for _ in 0..<answered {
            _ = state.received(.success)
            _ = state.receivedEnd()
            _ = state.receivedSync()
        }
        if answered < 3 { _ = state.received(.success) }
        #expect(state.abandonAll() == Array(answered..<3))
        #expect(state.isEmpty)
        #expect(state.requestCount == 0)
    }
}

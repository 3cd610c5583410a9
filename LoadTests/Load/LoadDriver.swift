// One loop's share of a run: its connections, its arrivals, its records. Loop-bound; LoadWorker owns it.

import DequeModule
import Reactor

/// Drives connections until the time is over.
final class LoadDriver {
    private enum Phase {
        /// Users sign in, and what they do is not measured.
        case preparing, warmingUp, measuring, draining, over
    }

    private let loop: EventLoop
    private let plan: LoadPlan
    private var phase = Phase.preparing
    private var connections: [LoadConnection] = []
    /// Connections without a request, in an open loop.
    private var idle = Deque<LoadConnection>()
    /// Arrivals that found no idle connection.
    private var backlog = Deque<MonotonicInstant>()
    private var arrivals: ShareOfArrivals?
    private(set) var recorder: Recorder
    private var startedAt: MonotonicInstant
    private let finished: LoopPromise<Void>
    private let prepared: LoopPromise<Void>
    private var pacer: PreciseTimer?
    private lazy var sweeper = LoopTimer(loop: loop)
    private lazy var clock = LoopTimer(loop: loop)
    private var connectFailuresInARow = 0
    private var refusals = 0
    private var opening = 0
    /// Connections that are not there yet, or whose users have not signed in.
    private var unprepared = 0
    /// Connections that wait for answers: with thousands of them nobody may look through all for each answer.
    private var busy = 0

    private static let reconnectPause: Duration = .milliseconds(20)
    private static let maxRefusals = 50
    /// A listener's queue is finite: connections are opened a few at a time, and a few a millisecond.
    private static let maxOpening = 128
    private static let openedTogether = 32
    /// How long answers that are on their way are waited for at the end, at most.
    private static let drainLimit: Duration = .seconds(2)
    /// Arrivals closer than this are waited for by going round the loop: to be woken takes about as long.
    private static let shortWait: Duration = .microseconds(30)

    init(loop: EventLoop, plan: LoadPlan, operations: Int) {
        self.loop = loop
        self.plan = plan
        recorder = Recorder(operations: operations)
        startedAt = .now()
        finished = LoopPromise(loop: loop)
        prepared = LoopPromise(loop: loop)
    }

    // MARK: Phases

    /// Connects, and lets every user sign in. Returns when all are ready.
    func prepare(_ users: [(number: Int, user: any VirtualUser)]) async throws {
        connections = users.map { LoadConnection(self, number: $0.number, user: $0.user) }
        unprepared = connections.count
        guard unprepared > 0 else { return }
        sweeper.start(after: .milliseconds(100), repeating: .milliseconds(100)) { [unowned self] in sweep() }
        let step = plan.connectionRamp / max(1, connections.count)
        for (index, connection) in connections.enumerated() where phase == .preparing {
            connect(connection)
            if step > .zero {
                try await loop.sleep(for: step)
            } else if index % LoadDriver.openedTogether == LoadDriver.openedTogether - 1 {
                try await loop.sleep(for: .milliseconds(1))
            }
            while opening >= LoadDriver.maxOpening, phase == .preparing { try await loop.sleep(for: .milliseconds(1)) }
        }
        do {
            try await prepared.wait()
        } catch {
            // Nobody goes on asking for a run that is not made.
            finish()
            throw error
        }
    }

    /// Runs the load; returns when it is over.
    /// - Parameters:
    ///   - start: when measuring begins; the same for all loops.
    func run(from start: MonotonicInstant, share index: Int, of count: Int) async throws {
        startedAt = start
        phase = plan.warmUp > .zero ? .warmingUp : .measuring
        if let schedule = plan.arrivals {
            arrivals = schedule.share(index, of: count)
            pacer = try PreciseTimer(loop: loop)
        }
        clock.start(after: start - .now() + plan.duration) { [unowned self] in drain() }
        for connection in connections where connection.isIdle { becameIdle(connection) }
        pace()
        try await finished.wait()
    }

    private func drain() {
        guard phase != .draining, phase != .over else { return }
        // A loop that was behind has not seen the last arrivals yet: they were due all the same. And the clock, which counts in
        // milliseconds of the loop's time, may be up to one early.
        takeArrivals(dueBy: max(.now(), startedAt + plan.duration))
        phase = .draining
        pacer?.stop()
        recorder.unsent += backlog.count
        backlog.removeAll()
        clock.start(after: min(plan.timeout, LoadDriver.drainLimit)) { [unowned self] in finish() }
        finishIfQuiet()
    }

    private func finishIfQuiet() {
        if phase == .draining, busy == 0 { finish() }
    }

    private func finish() {
        guard phase != .over else { return }
        phase = .over
        pacer?.stop()
        sweeper.stop()
        clock.stop()
        for connection in connections { connection.end() }
        finished.succeed(())
    }

    // MARK: Sending

    /// A connection has nothing to wait for.
    func becameIdle(_ connection: LoadConnection) {
        switch phase {
        case .preparing:
            guard !connection.user.isReady else { return becamePrepared(connection) }
            connection.send(1, dueAt: .now())
        case .warmingUp, .measuring:
            guard arrivals != nil else { return connection.send(plan.depth, dueAt: .now()) }
            if let dueAt = backlog.popFirst() { connection.send(1, dueAt: dueAt) } else { idle.append(connection) }
        case .draining:
            finishIfQuiet()
        case .over:
            break
        }
    }

    private func becamePrepared(_ connection: LoadConnection) {
        guard !connection.isPrepared else { return }
        connection.isPrepared = true
        unprepared -= 1
        if unprepared == 0 { prepared.succeed(()) }
    }

    /// Sends what is due, and sees to it that it is called again in time.
    private func pace() {
        guard phase == .warmingUp || phase == .measuring else { return }
        let now = MonotonicInstant.now()
        takeArrivals(dueBy: now)
        guard let next = arrivals.map({ dueTime(of: $0) }), next < startedAt + plan.duration else { return }
        if next - now > LoadDriver.shortWait {
            pacer?.start(at: next - LoadDriver.shortWait) { [unowned self] in pace() }
        } else {
            // SAFETY: the closure runs on this loop, whose thread is the only one that touches the driver.
            nonisolated(unsafe) let driver = self
            loop.post { driver.pace() }
        }
    }

    private func takeArrivals(dueBy now: MonotonicInstant) {
        guard var share = arrivals else { return }
        let end = startedAt + plan.duration
        while true {
            let dueAt = dueTime(of: share)
            guard dueAt <= now, dueAt < end else { break }
            share.advance()
            if let connection = nextIdle() { connection.send(1, dueAt: dueAt) } else { backlog.append(dueAt) }
        }
        arrivals = share
    }

    /// When the next arrival of `share` is due.
    private func dueTime(of share: ShareOfArrivals) -> MonotonicInstant {
        startedAt + (.zero - plan.warmUp) + share.moment
    }

    private func nextIdle() -> LoadConnection? {
        while let connection = idle.popFirst() {
            if connection.isIdle { return connection }
        }
        return nil
    }

    /// A connection that had nothing to wait for has now.
    func beganWaiting() { busy += 1 }
    func endedWaiting() { busy -= 1 }

    // MARK: Answers

    func answered(_ request: PendingRequest, status: Int, bodyBytes: Int, isExpected: Bool) {
        let now = MonotonicInstant.now()
        if phase == .preparing, !isExpected { return refused(status) }
        guard isMeasured(request) else { return }
        recorder.answered(
            request.request, status: status, bodyBytes: bodyBytes, latency: now - request.dueAt, second: second(of: now),
            isExpected: isExpected)
    }

    /// A user could not sign in, and will try again: a server that lets nobody in would be asked for ever.
    private func refused(_ status: Int) {
        refusals += 1
        guard refusals > LoadDriver.maxRefusals else { return }
        _ = prepared.fail(LoadError(description: "users cannot sign in to \(plan.url): status \(status)"))
    }

    func failed(_ request: PendingRequest, _ failure: LoadFailure) {
        guard isMeasured(request) else { return }
        recorder.failed(failure, second: second(of: .now()))
    }

    func malformed() {
        recorder.failed(.malformed, second: second(of: .now()))
    }

    private func isMeasured(_ request: PendingRequest) -> Bool {
        phase != .preparing && request.request.isMeasured && request.dueAt >= startedAt
    }

    private func second(of moment: MonotonicInstant) -> Int {
        let passed = (moment - startedAt) / .seconds(1)
        return min(max(0, Int(passed)), max(0, Int((plan.duration / .seconds(1)).rounded(.up)) - 1))
    }

    /// Ends connections whose oldest request is late.
    private func sweep() {
        let now = MonotonicInstant.now()
        for connection in connections {
            guard let oldest = connection.pending.first, now - oldest.dueAt > plan.timeout else { continue }
            connection.giveUp()
        }
        finishIfQuiet()
    }

    // MARK: Connections

    /// A connection is gone.
    func lost(_ connection: LoadConnection) {
        guard phase != .draining, phase != .over else { return finishIfQuiet() }
        if phase == .measuring || phase == .warmingUp { recorder.reconnects += 1 }
        if phase == .preparing, connection.isPrepared {
            connection.isPrepared = false
            unprepared += 1
        }
        connect(connection)
    }

    private func connect(_ connection: LoadConnection) {
        // SAFETY: the task is isolated to the loop's actor, and both objects are touched on the loop's thread only.
        nonisolated(unsafe) let (driver, connection) = (self, connection)
        let isolation = loop.isolation
        opening += 1
        Task(executorPreference: loop) {
            await driver.open(connection, isolation: isolation)
            driver.opening -= 1
        }
    }

    private func open(_ connection: LoadConnection, isolation: isolated LoopActor) async {
        do {
            let transport =
                if let tls = plan.tls {
                    try await TCPConnection.connect(
                        to: plan.url.address, loop: loop, timeout: plan.timeout, tls: tls, serverName: plan.url.address.host)
                } else {
                    try await TCPConnection.connect(to: plan.url.address, loop: loop, timeout: plan.timeout)
                }
            connectFailuresInARow = 0
            guard phase != .over else { return transport.abort() }
            connection.adopt(transport)
            becameIdle(connection)
        } catch {
            connectFailuresInARow += 1
            recorder.failed(.connect, second: second(of: .now()))
            guard phase != .draining, phase != .over else { return }
            if phase == .preparing, connectFailuresInARow > 50 {
                _ = prepared.fail(LoadError(description: "no connection to \(plan.url): \(error)"))
                return
            }
            try? await loop.sleep(for: LoadDriver.reconnectPause)
            await open(connection, isolation: isolation)
        }
    }
}

/// Why a run could not be made.
struct LoadError: Error, CustomStringConvertible {
    let description: String
}

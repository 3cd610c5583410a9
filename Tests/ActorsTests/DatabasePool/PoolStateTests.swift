// Who gets a connection, who waits and when to try again, with a clock and dice of the test's own.

@testable import Actors
import Reactor
import TestSupport
import Testing

@Suite struct PoolStateTests {
    private let start = MonotonicInstant(nanoseconds: 0)

    // MARK: Replacing

    @Test func aConnectionThatIsTooOldIsReplacedOnceItIsFree() {
        var pool = exclusive(size: 2, maxAge: .seconds(60))
        let (_, actions) = pool.lease(now: start)
        let id = connection(actions)
        _ = pool.connected(id, now: start)
        // Spread over the last tenth of the age.
        let due = pool.nextTick
        #expect(due.map { start + .seconds(54) <= $0 && $0 <= start + .seconds(60) } == true)
        #expect(pool.tick(now: start + .seconds(53)).isEmpty)
        // Leased: it is let be, and asked about no more.
        #expect(pool.tick(now: start + .seconds(61)).isEmpty)
        #expect(pool.nextTick == nil)
        #expect(pool.release(id, isUsable: true, now: start + .seconds(70)) == [.close(id)])
        #expect(pool.isEmpty)
    }

    @Test func anIdleConnectionThatIsTooOldIsRetiredAtOnce() {
        var idle = exclusive(size: 1, maxAge: .seconds(60))
        let id = connection(idle.lease(now: start).1)
        _ = idle.connected(id, now: start)
        _ = idle.release(id, isUsable: true, now: start)
        #expect(idle.tick(now: start + .seconds(60)) == [.retire(id)])
        #expect(idle.isEmpty)

    }

    @Test func aSharedConnectionGoesOnUntilItsSuccessorIsThere() {
        var pool = shared(maxAge: .seconds(60))
        let first = connection(pool.start(now: start))
        _ = pool.connected(first, now: start)
        let second = connection(pool.tick(now: start + .seconds(60)))
        #expect(second > first)
        #expect(pool.size == 1)
        // There was no room for two: the old one stays, and it is tried again later.
        #expect(pool.connectFailed(second, reason: .unavailable("too many"), now: start + .seconds(60), dice: 1).isEmpty)
        #expect(pool.size == 1 && !pool.isAway)
        #expect(pool.tick(now: start + .seconds(61)).isEmpty)
        let third = connection(pool.tick(now: start + .seconds(65)))
        #expect(third > second)
        #expect(pool.connected(third, now: start + .seconds(65)) == [.retire(first)])
        #expect(pool.size == 1)
    }

    /// A tick that changes nothing must not ask for another one at once: the loop would never get to its sockets.
    @Test func theNextTickIsNeverNow() {
        for isShared in [false, true] {
            var pool = isShared ? shared(maxAge: .seconds(60)) : exclusive(size: 2, maxAge: .seconds(60))
            var generator = SplitMix64(seed: 7)
            var now = start
            var connecting = isShared ? connected(pool.start(now: now)) : []
            var leased: [Int] = []
            for _ in 0..<20_000 {
                var actions: [PoolState.Action] = []
                switch generator.next() % 8 {
                case 0:
                    let (lease, more) = pool.lease(now: now)
                    if case .granted(let id) = lease { leased.append(id) }
                    actions = more
                case 1: if let id = leased.popLast() { actions = pool.release(id, isUsable: generator.next() % 4 != 0, now: now) }
                case 2: if let id = connecting.popLast() { actions = pool.connected(id, now: now) }
                case 3:
                    if let id = connecting.popLast() {
                        actions = pool.connectFailed(id, reason: .unavailable("away"), now: now, dice: 0.5)
                    }
                case 4: if let id = leased.last { actions = pool.replace(id, now: now) }
                default: now = now + .milliseconds(Int64(generator.next() % 20_000))
                }
                for case .grant(_, let id) in actions { if !isShared { leased.append(id) } }
                connecting += connected(actions)
                let more = pool.tick(now: now)
                for case .grant(_, let id) in more { if !isShared { leased.append(id) } }
                connecting += connected(more)
                if let next = pool.nextTick { #expect(next > now) }
            }
        }
    }

    private func connected(_ actions: [PoolState.Action]) -> [Int] {
        actions.compactMap { if case .connect(let id) = $0 { id } else { nil } }
    }

    @Test func anOldConnectionIsKeptWhileNoNewOneCanBeMade() {
        var pool = exclusive(size: 2, maxAge: .seconds(60))
        let first = connection(pool.lease(now: start).1)
        _ = pool.connected(first, now: start)
        let second = connection(pool.lease(now: start + .seconds(59)).1)
        for _ in 0..<2 { _ = pool.release(first, isUsable: true, now: start + .seconds(59)) }
        _ = pool.connectFailed(second, reason: .unavailable("away"), now: start + .seconds(59), dice: 1)
        #expect(pool.tick(now: start + .seconds(61)).allSatisfy { $0 != .retire(first) })
        #expect(pool.hasIdle)
    }

    @Test func aConnectionIsReplacedOnRequest() {
        var pool = shared(maxAge: nil)
        let first = connection(pool.start(now: start))
        _ = pool.connected(first, now: start)
        let second = connection(pool.replace(first, now: start + .seconds(10)))
        #expect(second > first)
        #expect(!pool.isAway)
        // Asked for again while it is under way.
        #expect(pool.replace(first, now: start + .seconds(10)).isEmpty)
        #expect(pool.connected(second, now: start + .seconds(10)) == [.retire(first)])
    }

    // MARK: Leases

    @Test func growsByNeedUpToItsSizeAndThenQueues() {
        var pool = exclusive(size: 2)
        #expect(connects(pool.lease(now: start)) == 1)
        #expect(connects(pool.lease(now: start)) == 1)
        #expect(connects(pool.lease(now: start)) == 0)
        #expect(pool.connecting == 2)
        #expect(pool.waiting == 3)
    }

    @Test func waitersAreServedInOrder() {
        var pool = exclusive(size: 1)
        let (first, actions) = pool.lease(now: start)
        let (second, _) = pool.lease(now: start)
        let (third, _) = pool.lease(now: start)
        let id = connection(actions)
        #expect(pool.connected(id, now: start) == [.grant(waiter(first), id)])
        #expect(pool.release(id, isUsable: true, now: start) == [.grant(waiter(second), id)])
        #expect(pool.release(id, isUsable: true, now: start) == [.grant(waiter(third), id)])
        #expect(pool.release(id, isUsable: true, now: start).isEmpty)
        #expect(pool.hasIdle)
        #expect(pool.lease(now: start).0 == .granted(id))
        #expect(pool.leased == 1)
    }

    @Test func aWaiterThatGaveUpIsPassedOver() {
        var pool = exclusive(size: 1)
        let (first, actions) = pool.lease(now: start)
        let (second, _) = pool.lease(now: start)
        pool.cancelled(waiter(first))
        let id = connection(actions)
        #expect(pool.connected(id, now: start) == [.grant(waiter(second), id)])
    }

    @Test func aWaitEndsAtItsDeadline() {
        var pool = exclusive(size: 1)
        let (first, _) = pool.lease(now: start)
        _ = pool.lease(now: start + .seconds(1))
        #expect(pool.nextTick == start + .seconds(2))
        #expect(pool.tick(now: start + .milliseconds(1_999)).isEmpty)
        let actions = pool.tick(now: start + .seconds(2))
        #expect(actions == [.fail(waiter(first), .timeout("waiting for a database connection"))])
        #expect(pool.waiting == 1)
        #expect(pool.nextTick == start + .seconds(3))
    }

    @Test func theQueueHasABound() {
        var pool = exclusive(size: 1, maxWaiters: 2)
        _ = pool.lease(now: start)
        _ = pool.lease(now: start)
        guard case .refused(.unavailable) = pool.lease(now: start).0 else {
            Issue.record("a third waiter was let in")
            return
        }
        #expect(pool.waiting == 2)
    }

    @Test func aBrokenConnectionIsReplacedForThoseWhoWait() {
        var pool = exclusive(size: 1)
        let (_, actions) = pool.lease(now: start)
        let id = connection(actions)
        _ = pool.connected(id, now: start)
        _ = pool.lease(now: start)
        let after = pool.release(id, isUsable: false, now: start)
        #expect(after.first == .close(id))
        #expect(after.count == 2)
        #expect(connection(after) != id)
    }

    // MARK: A server that is away

    @Test func aFailedAttemptFailsWhoeverWaitsAndThoseWhoComeAreRefusedAtOnce() {
        var pool = shared()
        let id = connection(pool.start(now: start))
        let (first, _) = pool.lease(now: start)
        let reason = DatabaseError.unavailable("refused")
        #expect(pool.connectFailed(id, reason: reason, now: start, dice: 0) == [.fail(waiter(first), reason)])
        #expect(pool.isAway)
        #expect(pool.lease(now: start).0 == .refused(reason))
    }

    @Test func theBackOffDoublesWithJitterAndHasALimit() {
        var pool = shared()
        var id = connection(pool.start(now: start))
        var now = start
        var pauses: [Duration] = []
        for _ in 0..<8 {
            _ = pool.connectFailed(id, reason: .unavailable(""), now: now, dice: 1)
            let next = pool.nextTick ?? start
            pauses.append(next - now)
            #expect(pool.tick(now: next - .nanoseconds(1)).isEmpty)
            now = next
            id = connection(pool.tick(now: now))
        }
        #expect(pauses == [100, 200, 400, 800, 1_600, 3_200, 4_500, 4_500].map { .milliseconds($0) })
        _ = pool.connectFailed(id, reason: .unavailable(""), now: now, dice: 0)
        #expect((pool.nextTick ?? start) - now == .milliseconds(2_250))
    }

    @Test func nothingIsToBeDoneWhileAnAttemptIsUnderWay() {
        var pool = shared(size: 3)
        let first = pool.start(now: start)
        #expect(first.count == 3)
        for action in first { _ = pool.connectFailed(connection([action]), reason: .unavailable(""), now: start, dice: 1) }
        let next = pool.nextTick ?? start
        #expect(pool.tick(now: next).count == 1)
        #expect(pool.nextTick == nil)
    }

    @Test func recoveryServesAgainAndGrowsToItsSize() {
        var pool = shared(size: 2)
        for action in pool.start(now: start) {
            _ = pool.connectFailed(connection([action]), reason: .unavailable(""), now: start, dice: 1)
        }
        let next = pool.nextTick ?? start
        let id = connection(pool.tick(now: next))
        #expect(pool.connected(id, now: next).count == 1)
        #expect(!pool.isAway)
        #expect(pool.size == 1)
        #expect(pool.connecting == 1)
    }

    @Test func aConnectionLostAfterALongTimeIsMadeAgainAtOnce() {
        var pool = shared()
        let id = connection(pool.start(now: start))
        _ = pool.connected(id, now: start)
        let actions = pool.lost(id, now: start + .seconds(60), dice: 1)
        #expect(actions.first == .close(id))
        #expect(actions.count == 2)
        #expect(!pool.isAway)
        guard case .queued = pool.lease(now: start + .seconds(60)).0 else {
            Issue.record("a caller does not wait for the first attempt")
            return
        }
    }

    @Test func aServerThatHangsUpAtOnceIsNotAskedInALoop() {
        var pool = shared()
        var id = connection(pool.start(now: start))
        var now = start
        for pause in [100, 200, 400] {
            _ = pool.connected(id, now: now)
            #expect(pool.lost(id, now: now, dice: 1) == [.close(id)])
            #expect(pool.nextTick == now + .milliseconds(pause))
            now = now + .milliseconds(pause)
            id = connection(pool.tick(now: now))
        }
    }

    @Test func aServerThatDoesNotAnswerLosesEveryConnection() {
        var pool = exclusive(size: 2)
        let id = connection(pool.lease(now: start).1)
        _ = pool.connected(id, now: start)
        let reason = DatabaseError.unavailable("silent")
        #expect(pool.serverWentAway(reason, now: start, dice: 1) == [.close(id)])
        #expect(pool.isAway)
        #expect(pool.lease(now: start).0 == .refused(reason))
        #expect(pool.release(id, isUsable: true, now: start).isEmpty)
        _ = pool.serverReturned(now: start)
        guard case .queued = pool.lease(now: start).0 else {
            Issue.record("a caller is refused although the server is back")
            return
        }
    }

    @Test func waitersStayWhileSomebodyElsesConnectionMayComeBack() {
        var pool = exclusive(size: 2)
        let first = connection(pool.lease(now: start).1)
        _ = pool.connected(first, now: start)
        let (second, actions) = pool.lease(now: start)
        #expect(pool.connectFailed(connection(actions), reason: .unavailable("too many clients"), now: start, dice: 1).isEmpty)
        #expect(pool.release(first, isUsable: true, now: start) == [.grant(waiter(second), first)])
    }

    // MARK: The end

    @Test func closingRefusesWhoComesAndFailsWhoWaits() {
        var pool = exclusive(size: 1)
        let (first, actions) = pool.lease(now: start)
        #expect(pool.close() == [.fail(waiter(first), .closed)])
        #expect(pool.lease(now: start).0 == .refused(.closed))
        let opening = connection(actions)
        #expect(pool.connected(opening, now: start) == [.close(opening)])
        #expect(pool.isEmpty)
    }

    @Test func closingClosesIdleConnectionsNowAndLeasedOnesWhenTheyReturn() {
        var pool = exclusive(size: 2)
        let idle = connection(pool.lease(now: start).1)
        let leased = connection(pool.lease(now: start).1)
        _ = pool.connected(idle, now: start)
        _ = pool.connected(leased, now: start)
        _ = pool.release(idle, isUsable: true, now: start)
        #expect(pool.close() == [.close(idle)])
        #expect(pool.release(leased, isUsable: true, now: start) == [.close(leased)])
        #expect(pool.isEmpty)
        #expect(pool.close().isEmpty)
    }

    @Test func sharedConnectionsServeAllWaitersAtOnce() {
        var pool = shared()
        let id = connection(pool.start(now: start))
        let waiting = (0..<3).map { _ in waiter(pool.lease(now: start).0) }
        #expect(pool.connected(id, now: start) == waiting.map { .grant($0, id) })
        #expect(pool.leased == 0)
    }

    // MARK: Helpers

    private func exclusive(size: Int, maxWaiters: Int = 100, maxAge: Duration? = nil) -> PoolState {
        pool(size: size, isMultiplexed: false, maxWaiters: maxWaiters, maxAge: maxAge)
    }

    private func shared(size: Int = 1, maxAge: Duration? = nil) -> PoolState {
        pool(size: size, isMultiplexed: true, maxWaiters: 100, maxAge: maxAge)
    }

    private func pool(size: Int, isMultiplexed: Bool, maxWaiters: Int, maxAge: Duration?) -> PoolState {
        PoolState(
            limits: PoolState.Limits(
                size: size, isMultiplexed: isMultiplexed, maxWaiters: maxWaiters, wait: .seconds(2),
                firstReconnectDelay: .milliseconds(100), longestReconnectDelay: .milliseconds(4_500), maxAge: maxAge))
    }

    private func connects(_ result: (PoolState.Lease, [PoolState.Action])) -> Int {
        result.1.count { if case .connect = $0 { true } else { false } }
    }

    private func connection(_ actions: [PoolState.Action]) -> Int {
        for case .connect(let id) in actions { return id }
        return -1
    }

    private func waiter(_ lease: PoolState.Lease) -> Int {
        if case .queued(let id) = lease { id } else { -1 }
    }
}

// The bounded table: what it keeps, what it forgets, and that it agrees with a slow and obvious one.

@testable import Actors
import Reactor
import Testing

@Suite struct LRUTests {
    private let start = MonotonicInstant(nanoseconds: 0)
    private var never: MonotonicInstant { start + .seconds(1_000_000) }

    @Test func evictsWhatWasUsedLongestAgo() {
        var table = LRU<String, Int>(maxEntries: 2)
        table.insert(1, for: "a", expiresAt: never, now: start)
        table.insert(2, for: "b", expiresAt: never, now: start)
        #expect(table.value(for: "a", now: start) == 1)
        table.insert(3, for: "c", expiresAt: never, now: start)
        #expect(table.value(for: "b", now: start) == nil)
        #expect(table.value(for: "a", now: start) == 1)
        #expect(table.value(for: "c", now: start) == 3)
        #expect(table.evictions == 1)
    }

    @Test func forgetsWhatHasExpired() {
        var table = LRU<String, Int>(maxEntries: 10)
        table.insert(1, for: "a", expiresAt: start + .seconds(60), now: start)
        #expect(table.value(for: "a", now: start + .milliseconds(59_999)) == 1)
        #expect(table.value(for: "a", now: start + .seconds(60)) == nil)
        #expect(table.count == 0)
    }

    @Test func isBoundedByCost() {
        var table = LRU<Int, Int>(maxEntries: 1_000, maxCost: 100)
        for key in 0..<10 { table.insert(key, for: key, cost: 30, expiresAt: never, now: start) }
        #expect(table.totalCost == 90)
        #expect(table.count == 3)
        #expect(table.value(for: 9, now: start) == 9)
    }

    @Test func doesNotKeepWhatIsTooCostlyNorItsOldValue() {
        var table = LRU<String, Int>(maxEntries: 10, maxCost: 100)
        table.insert(1, for: "a", cost: 10, expiresAt: never, now: start)
        table.insert(2, for: "b", cost: 10, expiresAt: never, now: start)
        let isKept = table.insert(3, for: "a", cost: 101, expiresAt: never, now: start)
        #expect(!isKept)
        #expect(table.value(for: "a", now: start) == nil)
        #expect(table.value(for: "b", now: start) == 2)
        #expect(table.totalCost == 10)
    }

    @Test func replacesInPlace() {
        var table = LRU<String, Int>(maxEntries: 2, maxCost: 100)
        table.insert(1, for: "a", cost: 90, expiresAt: never, now: start)
        table.insert(2, for: "a", cost: 95, expiresAt: never, now: start)
        #expect(table.value(for: "a", now: start) == 2)
        #expect(table.count == 1)
        #expect(table.totalCost == 95)
        #expect(table.evictions == 0)
    }

    @Test func removesAndStartsOver() {
        var table = LRU<String, Int>(maxEntries: 3)
        for (index, key) in ["a", "b", "c"].enumerated() { table.insert(index, for: key, expiresAt: never, now: start) }
        #expect(table.removeValue(for: "b") == 1)
        #expect(table.removeValue(for: "b") == nil)
        table.removeAll()
        #expect(table.count == 0)
        #expect(table.totalCost == 0)
        table.insert(7, for: "z", expiresAt: never, now: start)
        #expect(table.value(for: "z", now: start) == 7)
    }

    @Test func agreesWithASlowModelOverManyRandomSteps() {
        var table = LRU<Int, Int>(maxEntries: 16, maxCost: 120)
        // Newest first.
        var model: [(key: Int, value: Int, cost: Int, expiresAt: MonotonicInstant)] = []
        for step in 0..<20_000 {
            let now = start + .milliseconds(step)
            let key = Int.random(in: 0..<40)
            switch Int.random(in: 0..<10) {
            case 0..<5:
                let cost = Int.random(in: 0...20)
                let expiresAt = now + .milliseconds(Int.random(in: 1...400))
                table.insert(step, for: key, cost: cost, expiresAt: expiresAt, now: now)
                model.removeAll { $0.key == key }
                while model.count >= 16 || model.reduce(0, { $0 + $1.cost }) > 120 - cost { model.removeLast() }
                model.insert((key, step, cost, expiresAt), at: 0)
            case 5..<9:
                var expected: Int?
                if let index = model.firstIndex(where: { $0.key == key }) {
                    let entry = model.remove(at: index)
                    if entry.expiresAt > now {
                        model.insert(entry, at: 0)
                        expected = entry.value
                    }
                }
                #expect(table.value(for: key, now: now) == expected)
            default:
                table.removeValue(for: key)
                model.removeAll { $0.key == key }
            }
            #expect(table.count == model.count)
            #expect(table.totalCost == model.reduce(0) { $0 + $1.cost })
        }
    }
}

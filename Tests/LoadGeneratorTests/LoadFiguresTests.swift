// What a run is planned as, and what it is judged by.

import Histogram
@testable import Load
import Reactor
import Testing

struct LoadFiguresTests {
    @Test func arrivalsComeAtAConstantRate() {
        let schedule = ArrivalSchedule(rate: 1_000)
        #expect(schedule.moment(of: 0) == .zero)
        #expect(abs(schedule.moment(of: 2_500) / .seconds(1) - 2.5) < 1e-6)
    }

    @Test func aRampsArrivalsGrowEvenlyAndGoOnAtTheFullRate() {
        let schedule = ArrivalSchedule(rate: 100, ramp: .seconds(10))
        // The area below the line from 0 to 100 in ten seconds is 500 arrivals.
        #expect(abs(schedule.moment(of: 500) / .seconds(1) - 10) < 1e-6)
        #expect(abs(schedule.moment(of: 125) / .seconds(1) - 5) < 1e-6)
        #expect(abs(schedule.moment(of: 600) / .seconds(1) - 11) < 1e-6)
        var last = Duration.zero
        for index in 1..<700 {
            #expect(schedule.moment(of: index) > last)
            last = schedule.moment(of: index)
        }
    }

    @Test func theSharesOfAllLoopsAreTheWholePlan() {
        let schedule = ArrivalSchedule(rate: 10)
        var moments: [Duration] = []
        for loop in 0..<3 {
            var share = schedule.share(loop, of: 3)
            for _ in 0..<4 {
                moments.append(share.moment)
                share.advance()
            }
        }
        #expect(moments.sorted() == (0..<12).map { schedule.moment(of: $0) })
    }

    @Test(arguments: [
        ("http://127.0.0.1:8000/tasks?limit=1", "127.0.0.1:8000", "/tasks?limit=1", false),
        ("https://localhost", "localhost:443", "/", true),
        ("http://[::1]:81/a", "[::1]:81", "/a", false), ("http+unix:/run/a.sock:/x", "unix:/run/a.sock", "/x", false),
    ])
    func URLsAreRead(_ text: String, _ address: String, _ target: String, _ isTLS: Bool) throws {
        let url = try TargetURL(text)
        #expect(url.address.description == address)
        #expect(url.target == target)
        #expect(url.isTLS == isTLS)
        #expect(url.isLocal)
    }

    @Test(arguments: ["127.0.0.1:8000", "ftp://a/", "http://:80/", "http://a:0/", "http://a/ b", "http+unix:a"])
    func whatIsNoURLIsRefused(_ text: String) {
        #expect(throws: TargetURL.Invalid.self) { try TargetURL(text) }
    }

    @Test(arguments: [(0.0123, "0.0123"), (1.005, "1.00"), (12.34, "12.3"), (999.6, "1000"), (-0.001, "-0.00100"), (0, "0")])
    func figuresHaveThreeDigits(_ value: Double, _ text: String) {
        #expect(Figures.short(value) == text)
    }

    @Test func thousandsStandApart() {
        #expect(Figures.grouped(1_234_567.4) == "1,234,567")
        #expect(Figures.grouped(999) == "999")
    }

    @Test func logarithmsAreGoodEnoughForPlots() {
        for (value, expected) in [(1.0, 0.0), (10, 1), (1_000, 3), (0.01, -2), (2, 0.301_029_995)] {
            #expect(abs(Logarithm.base10(value) - expected) < 1e-6)
        }
    }

    static func result(latencies: [Int]) -> LoadResult {
        var recorder = Recorder(operations: 1)
        let request = LoadRequest(operation: 0, bytes: [])
        for micros in latencies {
            recorder.answered(request, status: 200, bodyBytes: 1, latency: .microseconds(micros), second: 0, isExpected: true)
        }
        var result = LoadResult(
            scenario: "s", url: "u", command: "c", startedAt: "t", machine: .current(), connections: 1, loops: 1, depth: 1, targetRate: nil,
            durationSeconds: 1, requests: 0, requestsPerSecond: 0, bodyBytes: 0, statuses: [:], failures: [:], reconnects: 0, unsent: 0,
            latency: LoadResult.Latency(.make()), operations: [], seconds: [], server: nil, others: [])
        result.take(recorder, operations: ["GET /"])
        return result
    }

    @Test func resultsTellPercentilesAndSurviveJSON() throws {
        let result = LoadFiguresTests.result(latencies: Array(1...1_000))
        #expect(result.requests == 1_000)
        #expect(abs(result.latency.p50 - 500) < 5)
        #expect(abs(result.latency.p99 - 990) < 10)
        #expect(result.statuses == ["200": 1_000])
        #expect(result.errorRate == 0)
        #expect(HTMLReport.html(result).contains("<polyline"))
        #expect(TextReport.comparison(result, result).contains("1.00"))
    }

    @Test func aBudgetNamesEverythingThatIsMissed() {
        let result = LoadFiguresTests.result(latencies: Array(1...1_000))
        var budget = Budget()
        budget.maxP99Micros = 2_000
        #expect(budget.missed(by: result).isEmpty)
        budget.maxP99Micros = 10
        budget.minRequestsPerSecond = 5_000
        budget.maxCPUMicrosPerRequest = 1
        #expect(budget.missed(by: result).count == 3)
    }
}

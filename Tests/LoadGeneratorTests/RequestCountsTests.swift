// What a request cost by counts: pages of counters, the allocator's file, the kernel's accounts.

import Glibc
@testable import Load
import Reactor
import Testing
import TestSupport

struct RequestCountsTests {
    private static let page = """
        # HELP event_loop_jobs_enqueued_total Swift jobs enqueued on the loop's own thread
        # TYPE event_loop_jobs_enqueued_total counter
        event_loop_jobs_enqueued_total{loop="0"} 100
        event_loop_jobs_enqueued_total{loop="1"} 50
        event_loop_jobs_from_elsewhere_total{loop="0"} 7
        with_spaces{label="a b } c"} 2.5

        # EOF
        """

    @Test func samplesOfAllLoopsAreAddedUp() {
        let page = CounterPage(RequestCountsTests.page)
        #expect(page.values["event_loop_jobs_enqueued_total"] == 150)
        #expect(page.values["with_spaces"] == 2.5)
        #expect(page.values.count == 3)
    }

    @Test func whatGrewIsSharedOutAmongTheRequests() {
        let before = CounterPage("a_total 10\nb_total 1")
        let after = CounterPage("a_total 30\nb_total 6\nc_total 1")
        #expect(after.growth("a_total", since: before, requests: 10) == 2)
        #expect(after.growth("a_total", "b_total", since: before, requests: 10) == 2.5)
    }

    @Test func aCounterThatOneOfThePagesLacksHasNoFigure() {
        let before = CounterPage("a_total 10")
        #expect(CounterPage("a_total 10\nc_total 1").growth("c_total", since: before, requests: 1) == nil)
        #expect(CounterPage("").growth("a_total", since: before, requests: 1) == nil)
    }

    @Test func allocationsOfAllKindsAreAddedUp() async throws {
        try await withTemporaryFolder { folder in
            let words: [[UInt8]] = [Array("alloc-1\0".utf8)] + [1, 2, 3, 4, 90, 90, 90].map { [$0, 1, 0, 0, 0, 0, 0, 0] }
            try DurableFile.write(words.flatMap { $0 }, directory: folder, name: "counters")
            #expect(try AllocationCounters(path: "\(folder)/counters").allocations == 4 * 256 + 10)
        }
    }

    @Test(arguments: ["", "alloc-1\0", String(repeating: "x", count: 64)])
    func aFileThatHoldsNoCountersIsRefused(_ content: String) async throws {
        try await withTemporaryFolder { folder in
            try DurableFile.write(Array(content.utf8), directory: folder, name: "counters")
            #expect(throws: LoadError.self) { try AllocationCounters(path: "\(folder)/counters") }
            #expect(throws: LoadError.self) { try AllocationCounters(path: "\(folder)/nothing") }
        }
    }

    @Test func theKernelCountsReadsAndWrites() throws {
        let meter = try ServerMeter(name: "this test", pid: Int(getpid()))
        let before = meter.snapshot()
        var descriptors: [Int32] = [0, 0]
        try #require(pipe(&descriptors) == 0)
        var byte: UInt8 = 1
        for _ in 0..<100 {
            #expect(write(descriptors[1], &byte, 1) == 1)
            #expect(read(descriptors[0], &byte, 1) == 1)
        }
        close(descriptors[0])
        close(descriptors[1])
        let use = meter.use(since: before, requests: 100)
        // Other tests of this process read and write beside this one.
        #expect(try #require(use.readsPerRequest) >= 1)
        #expect(try #require(use.writesPerRequest) >= 1)
    }

    private struct Page: HTTPResponder {
        let status: HTTPStatus
        func respond(to request: HTTPRequest) async -> HTTPResponse {
            HTTPResponse(status: status, body: .bytes(Array("a_total{path=\"x\"} 12\n".utf8)))
        }
    }

    private static func plan(_ url: TargetURL) -> LoadPlan {
        LoadPlan(
            url: url, connections: 1, duration: .seconds(1), warmUp: .zero, depth: 1, arrivals: nil, timeout: .seconds(1),
            connectionRamp: .zero, tls: nil)
    }

    private static func counters(from status: HTTPStatus) async throws -> CounterPage {
        try await EventLoopGroup.withGroup(loops: 1) { group in
            let configuration = HTTPServerConfiguration(address: .ip(host: "127.0.0.1", port: 0))
            let server = try await HTTPServer.start(on: group, configuration) { _ in Page(status: status) }
            let url = try TargetURL("http://\(server.address)/metrics")
            let worker = LoadWorker(loop: group.loops[0], plan: RequestCountsTests.plan(url), operations: 1)
            do {
                let page = try await worker.counters(url)
                await server.drain(within: .seconds(1))
                return page
            } catch {
                await server.drain(within: .seconds(1))
                throw error
            }
        }
    }

    @Test func aPageIsReadFromAServer() async throws {
        #expect(try await RequestCountsTests.counters(from: .ok).values == ["a_total": 12])
    }

    @Test func aPageThatIsNotThereIsAnError() async {
        await #expect(throws: LoadError.self) { try await RequestCountsTests.counters(from: .notFound) }
    }

    @Test func countersOfAnotherMachineAreNotAskedFor() async throws {
        let url = try TargetURL("http://192.0.2.1/metrics")
        await #expect(throws: LoadError.self) {
            try await EventLoopGroup.withGroup(loops: 1) { group in
                try await LoadWorker(loop: group.loops[0], plan: RequestCountsTests.plan(url), operations: 1).counters(url)
            }
        }
    }

    @Test func reportsAndBudgetsTellWhatWasCounted() throws {
        var result = LoadFiguresTests.result(latencies: [1, 2, 3])
        result.server = ServerUse(
            name: "server", pid: 1, userMicros: 1, systemMicros: 1, residentBytes: 1, readsPerRequest: 1.25, writesPerRequest: 1)
        result.counts = RequestCounts(enqueues: 3, jobs: nil, ticks: nil, allocations: 41.5)
        #expect(TextReport.text(result).contains("a request  reads 1.25  writes 1.00  enqueues 3.00  allocations 41.5"))
        #expect(HTMLReport.html(result).contains("<b>41.5</b><span>allocations a request</span>"))
        var budget = Budget()
        (budget.maxReadsPerRequest, budget.maxEnqueuesPerRequest, budget.maxAllocationsPerRequest) = (1.3, 3, 42)
        #expect(budget.missed(by: result).isEmpty)
        (budget.maxReadsPerRequest, budget.maxEnqueuesPerRequest, budget.maxAllocationsPerRequest) = (1, 2, 41)
        #expect(budget.missed(by: result).count == 3)
        result.counts = nil
        #expect(budget.missed(by: result).contains { $0.hasPrefix("enqueues a request: not measured") })
    }
}

// One sampling for all viewers, and viewers that come and go.

@testable import App
import Reactor
import TestSupport
import Testing

@Suite struct LiveMonitorTests {
    @Test func allViewersShareOneSampling() async throws {
        try await withLoop { isolation in
            let scrapes = Tally()
            let monitor = LiveMonitor(loop: isolation.loop, period: .milliseconds(10))
            await monitor.start {
                scrapes.raise()
                return []
            }
            let views = try await [#require(monitor.join()), #require(monitor.join()), #require(monitor.join())]
            #expect(await monitor.viewerCount == 3)
            for view in views {
                var count = 0
                for await _ in view.samples {
                    count += 1
                    if count == 3 { break }
                }
                #expect(count == 3)
            }
            let taken = scrapes.count
            #expect(taken >= 4)
            let late = try await #require(monitor.join())
            #expect(late.history.count >= 3)
            #expect(late.history.count <= scrapes.count)
            await monitor.stop()
        }
    }

    @Test func viewsBeginBetweenStartAndStop() async throws {
        try await withLoop { isolation in
            let monitor = LiveMonitor(loop: isolation.loop, period: .seconds(60))
            #expect(await monitor.join() == nil, "before it is started")
            await monitor.start { [] }
            let view = try await #require(monitor.join())
            await monitor.leave(view.id)
            #expect(await monitor.viewerCount == 0)
            await monitor.stop()
            #expect(await monitor.join() == nil, "after its end")
        }
    }

    @Test func placesAreBoundedForEachAndInAllAndFreeAgain() {
        let slots = StreamSlots<String>(maxPerOwner: 2, maxInAll: 3)
        var ada = [slots.take(for: "ada"), slots.take(for: "ada")]
        #expect(ada.allSatisfy { $0 != nil })
        #expect(slots.take(for: "ada") == nil, "of her own")
        let bob = slots.take(for: "bob")
        #expect(bob != nil)
        #expect(slots.take(for: "bob") == nil, "of all")
        #expect(slots.count == 3)
        ada = []
        #expect(slots.count == 1)
        #expect(slots.take(for: "ada") != nil)
        withExtendedLifetime(bob) {}
    }

    @Test func viewsEndWithTheMonitor() async throws {
        try await withLoop { isolation in
            let monitor = LiveMonitor(loop: isolation.loop, period: .seconds(60))
            await monitor.start { [] }
            let view = try await #require(monitor.join())
            await monitor.stop()
            var count = 0
            for await _ in view.samples { count += 1 }
            #expect(count == 0)
        }
    }
}

@Suite struct LivePageTests {
    @Test(arguments: TestSetup.all)
    func thePageLoadsNothingFromElsewhereAndRunsNothingInline(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup, configure: { $0.appName = "<Mine>" }) { app in
            for path in ["/monitoring", "/monitoring/", "/api/v1/monitoring"] {
                let page = try await app.client.get(path)
                #expect(page.status == 200)
                #expect(page.header("content-type") == "text/html; charset=utf-8")
                #expect(page.header("content-security-policy") == MonitoringPage.contentSecurityPolicy)
                #expect(!page.text.contains("<Mine>"))
                #expect(!page.text.contains("<script>"))
                #expect(!page.text.contains("://"))
            }
            for asset in ["monitoring.js", "monitoring.css"] {
                let page = try await app.client.get("/monitoring")
                let path = app.backend.docs.path(asset)
                #expect(page.text.contains("\"\(path)\""))
                let file = try await app.client.get(path)
                #expect(file.status == 200)
                #expect(file.header("cache-control")?.contains("immutable") == true)
            }
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func eventsBeginWithTheHistoryAndEndWithTheViewer(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let address = try #require(app.address)
            let viewer = try await RawClient.connect(to: address, loop: app.loop)
            viewer.send("GET /monitoring/events HTTP/1.1\r\nHost: a\r\n\r\n")
            let text = try await viewer.receive { $0.contains("event: sample\n") }
            #expect(text.contains("\r\nContent-Type: text/event-stream\r\n"))
            #expect(text.contains("\r\nCache-Control: no-store\r\n"))
            #expect(text.contains("retry: 2000\n\n"))
            #expect(text.contains("event: history\ndata: ["))
            #expect(await app.backend.live.viewerCount == 1)
            // A browser that is closed sends FIN: its place is free at once, not with the next write that fails.
            viewer.finishSending()
            let isFree = try await eventually(within: .milliseconds(500), on: app.loop) { await app.backend.live.viewerCount == 0 }
            #expect(isFree)
            viewer.abort()
        }
    }

    /// How many see something and how many are to come again, of viewers that come at the same moment: each from an address of its own,
    /// or all from one.
    private static func answers(to count: Int, _ isFromElsewhere: Bool, _ app: TestApp) async throws -> [Int] {
        let address = try #require(app.address)
        var viewers: [RawClient] = []
        for _ in 0..<count { viewers.append(try await RawClient.connect(to: address, loop: app.loop)) }
        for (index, viewer) in viewers.enumerated() {
            let field = isFromElsewhere ? "X-Forwarded-For: 192.0.2.\(index)\r\n" : ""
            viewer.send("GET /monitoring/events HTTP/1.1\r\nHost: a\r\n\(field)\r\n")
        }
        var answers: [String] = []
        for viewer in viewers { answers.append(try await viewer.receive { $0.contains("\r\n\r\n") }) }
        for viewer in viewers { viewer.abort() }
        try await #expect(eventually(on: app.loop) { app.backend.live.slots.count == 0 })
        let refused = answers.filter { $0.hasPrefix("HTTP/1.1 503") && $0.contains("\r\nRetry-After: ") }
        return [answers.filter { $0.hasPrefix("HTTP/1.1 200") }.count, refused.count]
    }

    @Test func viewersThatComeAtOnceAreBounded() async throws {
        try await TestApp.run(on: TestSetup(way: .socket), configure: { $0.server.trustedProxies = ["127.0.0.1"] }) { app in
            let fromEverywhere = try await Self.answers(to: LiveMonitor.maxViewers + 6, true, app)
            #expect(fromEverywhere == [LiveMonitor.maxViewers, 6])
            let fromOne = try await Self.answers(to: LiveMonitor.maxViewersPerAddress + 2, false, app)
            #expect(fromOne == [LiveMonitor.maxViewersPerAddress, 2])
        }
    }

    @Test func tooManyViewersAreTurnedAway() async throws {
        try await TestApp.run { app in
            let slots = app.backend.live.slots
            let taken = (0..<LiveMonitor.maxViewers).map { slots.take(for: "\($0)") }
            defer { withExtendedLifetime(taken) {} }
            let answer = try await app.client.get("/monitoring/events")
            #expect(answer.status == 503)
            #expect(answer.json["code"]?.string == "TOO_MANY_VIEWERS")
            #expect(answer.header("retry-after") != nil)
        }
    }
}

// Streams of events over real sockets.

import Actors
@testable import App
import Reactor
import TestSupport
import Testing

@Suite struct JobEventTests {
    /// A job of a user, and who follows it.
    private struct Followed {
        let id: JobID
        let client: TestClient
        let address: SocketAddress
        let loop: EventLoop

        init(id: JobID, client: TestClient, on app: TestApp) throws {
            self.id = id
            self.client = client
            address = try #require(app.address)
            loop = app.loop
        }

        func follow(_ lastEventID: String?) async throws -> RawClient {
            let raw = try await RawClient.connect(to: address, loop: loop)
            raw.send(
                "GET /api/v1/jobs/\(id)/events HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer \(client.token ?? "")\r\n"
                    + (lastEventID.map { "Last-Event-ID: \($0)\r\n" } ?? "") + "\r\n")
            return raw
        }
    }

    private static func followed(_ app: TestApp) async throws -> Followed {
        let client = try await app.registered()
        let queued = try await client.send("POST", "/tasks/send-welcome-email")
        let id = try #require(queued.json["task_id"]?.string.flatMap { JobID($0) })
        return try Followed(id: id, client: client, on: app)
    }

    private static func configure(_ configuration: inout AppConfiguration) {
        configuration.jobs.events.interval = .milliseconds(5)
    }

    @Test(arguments: TestSetup.overSockets)
    func aStreamTellsEachStepAndEndsWithTheJob(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup, configure: Self.configure) { app in
            let queue = app.services.jobs
            let job = try await Self.followed(app)
            let listener = try await job.follow(nil)
            let head = try await listener.receive { $0.contains("id: 0-pending-0\n") }
            #expect(head.hasPrefix("HTTP/1.1 200"))
            #expect(head.contains("Content-Type: text/event-stream"))
            #expect(head.contains("event: status\ndata: {\"id\":\"\(job.id)\""))
            let claimed = try #require(try await queue.claim(worker: "w", limit: 1).first)
            try await listener.receive { $0.contains("id: 1-running-0\nevent: status\n") }
            try await queue.report(claimed, progress: 60)
            try await listener.receive { $0.contains("id: 1-running-60\nevent: progress\n") }
            try await queue.complete(claimed, result: "Welcome email sent", in: app.services.database)
            let all = try await listener.receiveToEnd()
            #expect(all.contains("id: 1-succeeded-100\nevent: done\n"))
            #expect(all.contains(#""result":"Welcome email sent""#))
            try await #expect(eventually(on: app.loop) { app.backend.jobStreams.count == 0 })
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aListenerThatComesBackHearsWhatIsNewAndAfterTheEndNothing(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup, configure: Self.configure) { app in
            let queue = app.services.jobs
            let job = try await Self.followed(app)
            let listener = try await job.follow("0-pending-0")
            try await listener.receive { $0.contains("retry: ") }
            try await #expect(queue.cancel(job.id, in: app.services.database))
            let heard = try await listener.receiveToEnd()
            #expect(!heard.contains("0-pending-0"))
            #expect(heard.contains("id: 0-cancelled-0\nevent: done\n"))
            let late = try await job.follow("0-cancelled-0")
            try await late.receive { $0.hasPrefix("HTTP/1.1 204") }
            late.abort()
            // Whoever has not seen the end is told of it.
            let stranger = try await job.follow("made up")
            #expect(try await stranger.receiveToEnd().contains("event: done\n"))
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aSilentStreamShowsThatItLives(_ setup: TestSetup) async throws {
        try await TestApp.run(
            on: setup,
            configure: {
                Self.configure(&$0)
                $0.jobs.events.heartbeat = .milliseconds(20)
            }
        ) { app in
            let listener = try await Self.followed(app).follow(nil)
            try await listener.receive { $0.split(separator: ":\n\n").count > 3 }
            listener.abort()
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aStreamEndsWithTheSessionThatAskedForIt(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup, configure: Self.configure) { app in
            let job = try await Self.followed(app)
            let listener = try await job.follow(nil)
            try await listener.receive { $0.contains("0-pending-0") }
            try await #expect(job.client.send("POST", "/auth/logout").status == 200)
            let heard = try await listener.receiveToEnd()
            #expect(!heard.contains("event: done"))
            try await #expect(eventually(on: app.loop) { app.backend.jobStreams.count == 0 })
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aStreamEndsWithTheRightToSeeItsJob(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup, configure: Self.configure) { app in
            let job = try await Self.followed(app)
            let mine = try await job.follow(nil)
            let theirs = try await Followed(id: job.id, client: app.admin(), on: app).follow(nil)
            for listener in [mine, theirs] { try await listener.receive { $0.contains("0-pending-0") } }
            try await Self.change("UPDATE users SET role = 'user' WHERE email = 'admin@example.com'", app)
            _ = try await theirs.receiveToEnd()
            #expect(!mine.hasEnded)
            try await Self.change("UPDATE users SET is_active = FALSE WHERE email = 'alice@example.com'", app)
            _ = try await mine.receiveToEnd()
        }
    }

    /// As another process changes it: nobody tells the session stores of this one.
    private static func change(_ sql: String, _ app: TestApp) async throws {
        try await #expect(app.services.database.execute(.write(sql), []).affectedRows == 1)
    }

    @Test(arguments: TestSetup.overSockets)
    func aListenerThatLeavesFreesItsPlaceAtOnce(_ setup: TestSetup) async throws {
        try await TestApp.run(
            on: setup,
            configure: {
                // Nothing is written and nothing looked at for as long as this test takes.
                $0.jobs.events.interval = .seconds(60)
                $0.jobs.events.maxPerUser = 2
            }
        ) { app in
            let job = try await Self.followed(app)
            let (leaving, staying) = (try await job.follow(nil), try await job.follow(nil))
            for listener in [leaving, staying] { try await listener.receive { $0.contains("0-pending-0") } }
            #expect(app.backend.jobStreams.count == 2)
            let refused = try await job.client.get("/api/v1/jobs/\(job.id)/events")
            #expect(refused.status == 429)
            #expect(refused.json["code"] == "TOO_MANY_STREAMS")
            #expect(refused.header("retry-after") != nil)
            leaving.finishSending()
            try await #expect(eventually(within: .seconds(1), on: app.loop) { app.backend.jobStreams.count == 1 })
            staying.abort()
            try await #expect(eventually(within: .seconds(1), on: app.loop) { app.backend.jobStreams.count == 0 })
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aStreamThatIsOldEndsAndIsTakenUpAgain(_ setup: TestSetup) async throws {
        try await TestApp.run(
            on: setup,
            configure: {
                Self.configure(&$0)
                $0.jobs.events.maxAge = .milliseconds(30)
            }
        ) { app in
            let heard = try await Self.followed(app).follow(nil).receiveToEnd()
            #expect(heard.contains("0-pending-0"))
            #expect(!heard.contains("event: done"))
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aHeadRequestTakesNoPlace(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup, configure: { $0.jobs.events.maxPerUser = 1 }) { app in
            let job = try await Self.followed(app)
            for _ in 0..<3 { #expect(try await job.client.send("HEAD", "/api/v1/jobs/\(job.id)/events").status == 200) }
            #expect(app.backend.jobStreams.count == 0)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aServerThatStopsEndsItsStreams(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup, configure: { $0.jobs.events.interval = .seconds(60) }) { app in
            let listener = try await Self.followed(app).follow(nil)
            try await listener.receive { $0.contains("0-pending-0") }
            let begin = MonotonicInstant.now()
            await app.backend.server?.drain(within: .seconds(20))
            #expect(MonotonicInstant.now() - begin < .seconds(2))
            // The end of a chunked body: what was sent is a whole answer.
            #expect(try await listener.receiveToEnd().hasSuffix("0\r\n\r\n"))
        }
    }
}

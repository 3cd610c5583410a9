// Background jobs as clients meet them.

import Actors
@testable import App
import Reactor
import TestSupport
import Testing

@Suite struct JobRoutesTests {
    // MARK: Celery's face

    @Test(arguments: TestSetup.all)
    func aTaskGoesThroughTheStatesThatCeleryNames(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let queue = app.services.jobs
            let queued = try await app.registered().send("POST", "/tasks/send-welcome-email")
            #expect(queued.status == 200)
            #expect(queued.json["message"] == "Task queued")
            let text = try #require(queued.json["task_id"]?.string)
            let id = try #require(JobID(text))
            #expect(id.text == text)
            // Everybody who knows the id may ask, under both paths.
            func expect(_ status: JSONValue, _ result: JSONValue, _ line: Int = #line) async throws {
                for prefix in ["", "/api/v1"] {
                    let answer = try await app.client.get("\(prefix)/tasks/\(text)")
                    #expect(answer.status == 200, "line \(line)")
                    #expect(answer.json == ["task_id": .string(text), "status": status, "result": result], "line \(line)")
                }
            }
            func claim() async throws -> ClaimedJob {
                let later = Timestamp.now() + .seconds(3_600)
                return try #require(try await queue.claim(worker: "w", limit: 1, now: later).first)
            }
            try await expect("PENDING", nil)
            let first = try await claim()
            try await expect("STARTED", nil)
            try await queue.fail(first, reason: "the mail server cannot be reached")
            try await expect("RETRY", "the mail server cannot be reached")
            let second = try await claim()
            try await expect("STARTED", nil)
            try await queue.fail(second, reason: "no such user", isPermanent: true)
            try await expect("FAILURE", "no such user")
            try await #expect(queue.revive(id, in: app.services.database))
            try await expect("PENDING", nil)
            try await #expect(queue.cancel(id, in: app.services.database))
            try await expect("FAILURE", "The job was cancelled")
            try await #expect(queue.revive(id, in: app.services.database))
            let last = try await claim()
            try await queue.complete(last, result: "Welcome email sent", in: app.services.database)
            try await expect("SUCCESS", "Welcome email sent")
        }
    }

    @Test(arguments: TestSetup.all)
    func anUnknownTaskIsPendingAndANumberIsAToDo(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let client = try await app.registered()
            let unknown = JobID()
            let answer = try await app.client.get("/tasks/\(unknown)")
            #expect(answer.json == ["task_id": .string(unknown.text), "status": "PENDING", "result": nil])
            // In any spelling it is the same one.
            #expect(try await app.client.get("/tasks/\(unknown.text.uppercased())").json["task_id"] == .string(unknown.text))
            let toDo = try await client.post("/tasks", json: ["title": "t"])
            let number = try #require(toDo.json["id"]).serialized
            #expect(try await client.get("/tasks/\(String(decoding: number, as: UTF8.self))").json["title"] == "t")
            let neither = try await client.get("/tasks/neither")
            #expect(neither.status == 422)
            #expect(neither.json["detail"]?.array?.first?["type"] == "int_parsing")
        }
    }

    @Test(arguments: TestSetup.all)
    func theWelcomeMailIsWrittenAndSoIsThatItWasSent(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let services = app.services
            #expect(try await app.client.send("POST", "/tasks/send-welcome-email").status == 401)
            let queued = try await app.registered("grace").send("POST", "/api/v1/tasks/send-welcome-email")
            let id = try #require(queued.json["task_id"]?.string.flatMap { JobID($0) })
            let worker = RunningWorker(services)
            let hasEnded = try await eventually(on: app.loop) { (try? await services.jobs.record(id)?.status) == .succeeded }
            await worker.stop(within: .seconds(5))
            #expect(hasEnded)
            let folder = services.configuration.outboxDirectory
            let reader = try FileReader(path: "\(folder)/\(id).eml")
            let mail = String(decoding: try reader.read(offset: 0, count: 10_000), as: UTF8.self)
            #expect(mail.contains("To: <grace@example.com>"))
            #expect(mail.contains("Subject: Welcome to Reactor"))
            let audited = try await services.database.execute(
                .read("SELECT count(*) FROM audit_log WHERE action = 'user.welcome_email'"), [])
            try #expect(audited[0].int(0) == 1)
            // Who was written to stands in no job.
            let payloads = try await services.database.execute(.read("SELECT payload, result FROM jobs"), [])
            for row in payloads { try #expect(!(row.string(0) + row.string(1)).contains("grace")) }
        }
    }

    @Test(arguments: TestSetup.all)
    func aWelcomeMailToSomebodyWhoIsGoneFailsForGood(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let services = app.services
            let client = try await app.registered()
            let queued = try await client.send("POST", "/tasks/send-welcome-email")
            let id = try #require(queued.json["task_id"]?.string.flatMap { JobID($0) })
            #expect(try await client.delete("/auth/me").status == 204)
            let worker = RunningWorker(services)
            try await #expect(eventually(on: app.loop) { (try? await services.jobs.record(id)?.status) == .dead })
            await worker.stop(within: .seconds(5))
            #expect(try await app.client.get("/tasks/\(id)").json["status"] == "FAILURE")
        }
    }

    // MARK: /jobs

    @Test(arguments: TestSetup.all)
    func jobsAreTheirOwnersAndAdministratorsSeeAll(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let (alice, bob, admin) = (try await app.registered("alice"), try await app.registered("bob"), try await app.admin())
            var ids: [String] = []
            for _ in 0..<3 {
                ids.append(try #require(try await alice.send("POST", "/tasks/send-welcome-email").json["task_id"]?.string))
            }
            #expect(try await app.client.get("/api/v1/jobs").status == 401)
            let own = try await alice.get("/api/v1/jobs?kind=welcome_email")
            #expect(own.json.array?.count == 3)
            #expect(own.header("x-total-count") == "3")
            #expect(try await bob.get("/api/v1/jobs").json == [])
            #expect(try await admin.get("/api/v1/jobs?kind=welcome_email").json.array?.count == 3)
            let job = try await alice.get("/api/v1/jobs/\(ids[0])")
            #expect(job.status == 200)
            #expect(job.json["kind"] == "welcome_email")
            #expect(job.json["status"] == "pending")
            #expect(job.json["progress"] == 0)
            #expect(job.json["attempts"] == 0)
            #expect(job.json["max_attempts"] == 5)
            #expect(try await admin.get("/api/v1/jobs/\(ids[0])").status == 200)
            for path in ["", "/events"] {
                let strange = try await bob.get("/api/v1/jobs/\(ids[0])\(path)")
                #expect(strange.status == 404)
                #expect(strange.json["code"] == "JOB_NOT_FOUND")
                #expect(try await alice.get("/api/v1/jobs/\(JobID())\(path)").json["code"] == "JOB_NOT_FOUND")
            }
            for action in ["cancel", "retry"] {
                #expect(try await bob.send("POST", "/api/v1/jobs/\(ids[0])/\(action)").json["code"] == "JOB_NOT_FOUND")
            }
            #expect(try await alice.get("/api/v1/jobs/17").json["detail"]?.array?.first?["type"] == "uuid_parsing")
        }
    }

    @Test(arguments: TestSetup.all)
    func theListIsFilteredAndPagedBySkipAndByCursor(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let client = try await app.registered()
            for _ in 0..<5 { #expect(try await client.send("POST", "/tasks/send-welcome-email").status == 200) }
            let all = try #require(try await client.get("/api/v1/jobs").json.array?.map { $0["id"] })
            #expect(all.count == 5)
            let second = try await client.get("/api/v1/jobs?skip=2&limit=2")
            #expect(second.json.array?.map { $0["id"] } == Array(all[2..<4]))
            #expect(second.header("link")?.contains("skip=4") == true)
            var walked: [JSONValue?] = []
            var page = try await client.get("/api/v1/jobs?limit=2")
            walked += page.json.array?.map { $0["id"] } ?? []
            while let cursor = page.header("x-next-cursor") {
                page = try await client.get("/api/v1/jobs?limit=2&cursor=\(cursor)")
                walked += page.json.array?.map { $0["id"] } ?? []
            }
            #expect(walked == all)
            #expect(try await client.get("/api/v1/jobs?status=dead").json == [])
            #expect(try await client.get("/api/v1/jobs?status=pending").json.array?.count == 5)
            #expect(try await client.get("/api/v1/jobs?kind=other").json == [])
            #expect(try await client.get("/api/v1/jobs?status=lost").json["detail"]?.array?.first?["type"] == "enum")
            // A cursor of another list is one, and none of this one.
            let made = [Cursor(id: 7)] + [Int64.min, -1, .max].map { Cursor(sortKey: Text(JobID().text), id: $0) }
            for cursor in made {
                let strange = try await client.get("/api/v1/jobs?cursor=\(cursor.token)")
                #expect(strange.status == 422)
                #expect(strange.json["detail"]?.array?.first?["loc"] == ["query", "cursor"])
            }
        }
    }

    @Test(arguments: TestSetup.all)
    func aJobIsCancelledOnceAndRetriedOnceItIsOver(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let services = app.services
            let client = try await app.registered()
            let id = try #require(try await client.send("POST", "/tasks/send-welcome-email").json["task_id"]?.string)
            let path = "/api/v1/jobs/\(id)"
            let early = try await client.send("POST", "\(path)/retry")
            #expect(early.status == 409)
            #expect(early.json["code"] == "JOB_NOT_RETRYABLE")
            let cancelled = try await client.send("POST", "\(path)/cancel")
            #expect(cancelled.status == 200)
            #expect(cancelled.json["status"] == "cancelled")
            let again = try await client.send("POST", "\(path)/cancel")
            #expect(again.status == 409)
            #expect(again.json["code"] == "JOB_FINISHED")
            let retried = try await client.send("POST", "\(path)/retry")
            #expect(retried.status == 200)
            #expect(retried.json["status"] == "pending")
            #expect(retried.json["finished_at"] == .null)
            // A running one stops, and keeps nothing of what it would have done.
            let held = try #require(try await services.jobs.claim(worker: "w", limit: 1).first)
            #expect(try await client.send("POST", "\(path)/cancel").json["status"] == "cancelled")
            await #expect(throws: JobLeaseLost.self) { try await services.jobs.complete(held, in: services.database) }
            let audited = try await services.database.execute(
                .read("SELECT action FROM audit_log WHERE subject_type = 'job' ORDER BY id"), [])
            try #expect(audited.map { try $0.string(0) } == ["job.cancel", "job.retry", "job.cancel"])
        }
    }
}

// The generator against a server of its own kind: hundreds of connections, each a user, in a closed loop and in an open one.

@testable import Load
import Reactor
import TestSupport
import Testing

@Suite struct LoadWorkerTests {
    /// Answers everything, and counts it. /refused is never good, and /never is answered too late for everybody.
    private struct Responder: HTTPResponder {
        let requests: Tally

        func respond(to request: HTTPRequest) async -> HTTPResponse {
            requests.raise()
            if request.hasPath("/never") { try? await request.loop.sleep(for: .seconds(60)) }
            return HTTPResponse(status: request.hasPath("/refused") ? .forbidden : .ok, body: .bytes(Array("ok".utf8)))
        }
    }

    private static let connections = 300

    private struct Outcome {
        let recorder: Recorder
        let accepted: Int
        let requests: Int
    }

    /// - Parameters:
    ///   - rate: an open loop's.
    ///   - requestsPerConnection: after which the server closes it.
    private func load(_ path: String, rate: Double? = nil, requestsPerConnection: Int = .max, isReady: Bool = true) async throws -> Outcome
    {
        try await EventLoopGroup.withGroup(loops: 2) { group in
            let requests = Tally()
            var configuration = HTTPServerConfiguration(address: .ip(host: "127.0.0.1", port: 0))
            configuration.limits.maxRequestsPerConnection = requestsPerConnection
            let server = try await HTTPServer.start(on: group, configuration) { _ in Responder(requests: requests) }
            do {
                let url = try TargetURL("http://\(server.address)\(path)")
                let plan = LoadPlan(
                    url: url, connections: LoadWorkerTests.connections, duration: .milliseconds(300), warmUp: .zero, depth: 1,
                    arrivals: rate.map { ArrivalSchedule(rate: $0) }, timeout: .seconds(10), connectionRamp: .zero, tls: nil)
                let worker = LoadWorker(loop: group.loops[0], plan: plan, operations: 1)
                let scenario: any Scenario =
                    isReady
                    ? SingleRequestScenario("GET", url, fields: [], body: [])
                    : StrangersScenario(bytes: RequestText.bytes("GET", path, host: "a"))
                try await worker.prepare(scenario, users: Array(0..<LoadWorkerTests.connections))
                let recorder = try await worker.run(from: .now(), share: 0, of: 1)
                let accepted = await server.statistics().connectionsAccepted
                await server.drain(within: .seconds(5))
                return Outcome(recorder: recorder, accepted: accepted, requests: requests.count)
            } catch {
                await server.drain(within: .seconds(5))
                throw error
            }
        }
    }

    @Test func everyConnectionOfAClosedLoopIsOpenedOnceAndUsed() async throws {
        let outcome = try await load("/")
        #expect(outcome.accepted == LoadWorkerTests.connections)
        #expect(outcome.recorder.requests >= LoadWorkerTests.connections)
        #expect(outcome.recorder.failureCount == 0)
        #expect(outcome.recorder.reconnects == 0)
        #expect(outcome.requests == outcome.recorder.requests)
    }

    @Test func anOpenLoopSendsWhatItWasAskedForAndNoMore() async throws {
        let outcome = try await load("/", rate: 1_000)
        #expect(outcome.recorder.requests + outcome.recorder.unsent == 300)
        #expect(outcome.requests == outcome.recorder.requests)
        #expect(outcome.recorder.failureCount == 0)
    }

    @Test func connectionsThatTheServerClosesAreReplaced() async throws {
        let outcome = try await load("/", rate: 1_000, requestsPerConnection: 1)
        #expect(outcome.recorder.requests + outcome.recorder.unsent == 300)
        #expect(outcome.recorder.reconnects > 0)
        #expect(outcome.recorder.failureCount == 0)
    }

    @Test func requestsWithoutAnAnswerAreCountedWhenTheRunEnds() async throws {
        let outcome = try await load("/never")
        #expect(outcome.recorder.requests == 0)
        #expect(outcome.recorder.failures[.timeout] == LoadWorkerTests.connections)
    }

    @Test func usersThatAreNeverLetInEndTheRun() async {
        await #expect(throws: LoadError.self) { try await load("/refused", isReady: false) }
    }
}

/// Users who must be let in before the load begins, and are not.
private struct StrangersScenario: Scenario {
    let name = "strangers"
    let operations = ["sign in"]
    let bytes: [UInt8]

    func user(_ number: Int) -> any VirtualUser { User(request: LoadRequest(operation: 0, bytes: bytes, isMeasured: false)) }

    private struct User: VirtualUser {
        let request: LoadRequest
        var isReady: Bool { false }
        mutating func next() -> LoadRequest { request }
        mutating func received(_ answer: LoadAnswer, to request: LoadRequest) -> Bool { answer.status == 200 }
    }
}

// The server over real sockets: what bytes go in, what bytes come out, and when the connection ends.

import Reactor
import Synchronization
import TestSupport
import Testing

/// The server's answers without their Date, which changes.
private func withoutDates(_ answers: String) -> String {
    answers.components(separatedBy: "\r\n").filter { !$0.hasPrefix("Date: ") }.joined(separator: "\r\n")
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }

    fileprivate func count(of needle: String) -> Int { components(separatedBy: needle).count - 1 }
}

@Suite struct HTTPServerTests {
    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test func aPortThatIsListenedOnIsRefusedUnlessItIsToBeShared() async throws {
        try await withServer({ _ in text("first") }) { _, first in
            try await EventLoopGroup.withGroup(loops: 1) { group in
                var configuration = HTTPServerConfiguration(address: first.address)
                await #expect(
                    performing: {
                        try await HTTPServer.start(on: group, configuration) { _ in ClosureResponder { _ in text("second") } }
                    }, throws: { ($0 as? TransportError)?.isAddressInUse == true })
                configuration.sharesPort = true
                let second = try await HTTPServer.start(on: group, configuration) { _ in ClosureResponder { _ in text("second") } }
                #expect(second.address == first.address)
                await second.drain(within: .milliseconds(100))
            }
        }
    }

    @Test func answersAndKeepsTheConnection() async throws {
        try await withServer({ _ in text("hello") }) { isolation, server in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            for _ in 0..<3 {
                client.clear()
                client.send(HTTPServerTests.get)
                let answer = try await client.receive { $0.hasSuffix("hello") }
                #expect(withoutDates(answer) == "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
                #expect(answer.contains("Date: "))
            }
            let statistics = await server.statistics()
            #expect(statistics.connectionsAccepted == 1)
            #expect(statistics.requests == 3)
            client.abort()
        }
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        try await withServer({ request in text(request.path.swiftString) }) { isolation, server in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            // More than may wait at once: the intake pauses and goes on.
            client.send((0..<100).map { "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
            let answers = try await client.receive { $0.hasSuffix("/99") }
            let bodies = answers.components(separatedBy: "\r\n\r\n").dropFirst().map { $0.components(separatedBy: "HTTP/1.1")[0] }
            #expect(bodies == (0..<100).map { "/\($0)" })
            client.abort()
        }
    }

    @Test func requestInPiecesIsAnsweredAtEverySplit() async throws {
        try await withServer({ request in
            let body = (try? await request.body.collect(upTo: 100)) ?? []
            return text(String(decoding: body, as: UTF8.self))
        }) { isolation, server in
            let request = "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
            let bytes = Array(request.utf8)
            for split in stride(from: 1, to: bytes.count, by: 1) {
                let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
                client.send(Array(bytes[..<split]))
                try await isolation.loop.sleep(for: .milliseconds(1))
                client.send(Array(bytes[split...]))
                try await client.receive { $0.hasSuffix("abcde") }
                client.abort()
            }
        }
    }

    @Test func bodyOfAnnouncedLengthIsFollowedByTheNextRequest() async throws {
        try await withServer({ request in
            let body = (try? await request.body.collect(upTo: 100)) ?? []
            return text("[\(request.path.swiftString) \(body.count)]")
        }) { isolation, server in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            client.send("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\nHost: a\r\n\r\n")
            let answers = try await client.receive { $0.hasSuffix("[/b 0]") }
            #expect(answers.contains("[/a 3]"))
            client.abort()
        }
    }

    /// Their work in one look at the sockets is too much: it is postponed, and none of it gets lost or out of order.
    @Test func manyBodiesOfTinyChunksArriveWholeThoughTheyArePostponed() async throws {
        let size = 40_000
        try await withServer({ request in
            var sum = 0
            var count = 0
            while let bytes = try? await request.body.next() {
                for byte in bytes {
                    count += 1
                    sum = sum &* 31 &+ Int(byte)
                }
            }
            return text("<\(count) \(sum)>")
        }) { isolation, server in
            let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let sum = body.reduce(0) { $0 &* 31 &+ Int($1) }
            var wire = Array("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
            for byte in body { wire += Array("1\r\n".utf8) + [byte] + Array("\r\n".utf8) }
            wire += Array("0\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            var clients: [RawClient] = []
            for _ in 0..<12 { clients.append(try await RawClient.connect(to: server.address, loop: isolation.loop)) }
            for client in clients { client.send(wire) }
            for client in clients {
                let answers = try await client.receive { $0.hasSuffix("<0 0>") }
                #expect(answers.contains("<\(size) \(sum)>"))
                client.abort()
            }
        }
    }

    @Test func largeBodyArrivesWholeWhileTheHandlerIsSlow() async throws {
        let size = 3_000_000
        try await withServer({ request in
            var count = 0
            var sum = 0
            while let bytes = try? await request.body.next() {
                count += bytes.count
                for byte in bytes { sum &+= Int(byte) }
                if count % 7 == 0 { try? await request.loop.sleep(for: .milliseconds(1)) }
            }
            return text("\(count) \(sum)")
        }) { isolation, server in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            let body = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n")
            client.send(body)
            let sum = body.reduce(0) { $0 + Int($1) }
            try await client.receive(within: .seconds(20)) { $0.hasSuffix("\(size) \(sum)") }
            client.abort()
        }
    }

    @Test func continueIsSentOnlyWhenTheHandlerReads() async throws {
        try await withServer({ request in
            guard request.path == "/read" else { return text("no", .forbidden) }
            let body = (try? await request.body.collect(upTo: 100)) ?? []
            return text(String(decoding: body, as: UTF8.self))
        }) { isolation, server in
            let head = "HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
            let reading = try await RawClient.connect(to: server.address, loop: isolation.loop)
            reading.send("POST /read \(head)")
            try await reading.receive { $0 == "HTTP/1.1 100 Continue\r\n\r\n" }
            reading.send("hello")
            try await reading.receive { $0.hasSuffix("hello") }
            reading.abort()

            let refused = try await RawClient.connect(to: server.address, loop: isolation.loop)
            refused.send("POST /other \(head)")
            let answer = try await refused.receiveToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 403"))
            #expect(answer.contains("Connection: close"))
            refused.abort()
        }
    }

    @Test func unreadBodyIsReadPastAndTheConnectionLivesOn() async throws {
        try await withServer({ request in text(request.path.swiftString) }) { isolation, server in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            client.send("POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
            try await client.receive { $0.hasSuffix("/first") }
            client.send(String(repeating: "x", count: 1_000) + "GET /second HTTP/1.1\r\nHost: a\r\n\r\n")
            try await client.receive { $0.hasSuffix("/second") }
            client.abort()
        }
    }

    @Test func unreadBodyThatFilledItsBufferDoesNotStopTheConnection() async throws {
        try await withServer({ request in
            // Long enough for the whole body to lie here before the answer.
            try? await request.loop.sleep(for: .milliseconds(100))
            return text(request.path.swiftString)
        }) { isolation, server in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            client.send("POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 70000\r\n\r\n" + String(repeating: "x", count: 70_000))
            try await client.receive { $0.hasSuffix("/first") }
            client.send("GET /second HTTP/1.1\r\nHost: a\r\n\r\n")
            try await client.receive { $0.hasSuffix("/second") }
            client.abort()
        }
    }

    @Test func manyUnreadBodiesDoNotAddUpToAClosedConnection() async throws {
        try await withServer({ request in text("[\(request.path.swiftString)]", .unauthorized) }) { isolation, server in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            for round in 0..<40 {
                client.clear()
                client.send("POST /\(round) HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n")
                try await client.receive { $0.hasSuffix("[/\(round)]") }
                client.send(String(repeating: "x", count: 10_000))
            }
            #expect(!client.hasEnded)
            client.abort()
        }
    }

    @Test func lastAnswerReachesAClientThatReadsSlowly() async throws {
        let size = 8_000_000
        try await withServer({ _ in HTTPResponse(status: .ok, body: .bytes([UInt8](repeating: 7, count: size))) }) { isolation, server in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            try await client.receive { $0.hasPrefix("HTTP/1.1 200") }
            client.stopReading()
            // Longer than the time that a client is given to finish what nobody reads.
            try await isolation.loop.sleep(for: .milliseconds(1_800))
            client.startReading()
            try await #expect(eventually(within: .seconds(20), on: isolation.loop) { client.hasEnded })
            #expect(client.receivedBytes.count > size)
            client.abort()
        }
    }

    @Test func clientThatHasFinishedSendingGetsWhatIsReadySoon() async throws {
        try await withServer({ request in
            try? await request.loop.sleep(for: .milliseconds(5))
            return text("soon")
        }) { isolation, server in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            client.send(HTTPServerTests.get)
            client.finishSending()
            let answer = try await client.receiveToEnd()
            #expect(answer.hasSuffix("soon"))
            client.abort()
        }
    }

    @Test func clientThatHasFinishedSendingIsNotWaitedForLong() async throws {
        let wasCancelled = Flag()
        try await withServer({ request in
            do { try await request.loop.sleep(for: .seconds(60)) } catch { wasCancelled.raise() }
            return text("late")
        }) { isolation, server in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            client.send(HTTPServerTests.get)
            client.finishSending()
            let answer = try await client.receiveToEnd(within: .seconds(2))
            #expect(answer.isEmpty)
            #expect(wasCancelled.isRaised)
            client.abort()
        }
    }

    @Test func timeThatTheClientTakesIsNotTheHandlers() async throws {
        var limits = HTTPLimits()
        limits.handlerTimeout = .milliseconds(600)
        try await withServer(
            limits: limits,
            { request in
                let body = (try? await request.body.collect(upTo: 1_000)) ?? []
                return text("\(body.count)")
            }
        ) { isolation, server in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 16\r\n\r\n")
            for _ in 0..<16 {
                try await isolation.loop.sleep(for: .milliseconds(100))
                client.send("x")
            }
            try await client.receive { $0.hasSuffix("16") }
            client.abort()
        }
    }

    @Test func aFileAtTheSocketsPathIsLeftAlone() async throws {
        let name = "reactor-test-\(UInt32.random(in: 0...(.max))).txt"
        try DurableFile.write(Array("precious".utf8), directory: "/tmp", name: name)
        await #expect(throws: TransportError.self) {
            try await withServer(address: .unix(path: "/tmp/\(name)"), { _ in text("") }) { _, _ in }
        }
        let isStillThere = try DurableFile.remove(directory: "/tmp", name: name)
        #expect(isStillThere)
    }

    @Test func streamedAnswerIsChunkedAndEnds() async throws {
        try await withServer({ _ in
            HTTPResponse(
                status: .ok,
                body: .stream(length: nil) { writer in
                    for part in ["one", "two", ""] { try await writer.write(Array(part.utf8)) }
                })
        }) { isolation, server in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            client.send(HTTPServerTests.get)
            let answer = try await client.receive { $0.hasSuffix("0\r\n\r\n") }
            #expect(answer.contains("Transfer-Encoding: chunked\r\n"))
            #expect(answer.hasSuffix("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"))
            // To HTTP/1.0 the end of the connection is the end of the body.
            let old = try await RawClient.connect(to: server.address, loop: isolation.loop)
            old.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            let oldAnswer = try await old.receiveToEnd()
            #expect(oldAnswer.hasSuffix("\r\n\r\nonetwo"))
            #expect(!oldAnswer.contains("chunked"))
            client.abort()
            old.abort()
        }
    }

    @Test func producerWaitsForAClientThatDoesNotRead() async throws {
        let written = Atomic<Int>(0)
        let total = 40 * 1_048_576
        try await withServer({ _ in
            HTTPResponse(
                status: .ok,
                body: .stream(length: total) { writer in
                    let block = [UInt8](repeating: 7, count: 65_536)
                    for _ in 0..<(total / block.count) {
                        try await writer.write(block)
                        written.add(block.count, ordering: .relaxed)
                    }
                })
        }) { isolation, server in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            client.send(HTTPServerTests.get)
            try await client.receive { $0.hasPrefix("HTTP/1.1 200") }
            client.stopReading()
            // The kernel's buffers fill, then the producer must stand still.
            var last = -1
            let hasStopped = try await eventually(within: .seconds(10), on: isolation.loop) {
                let now = written.load(ordering: .relaxed)
                defer { last = now }
                try? await isolation.loop.sleep(for: .milliseconds(50))
                return now == last
            }
            #expect(hasStopped)
            let writtenNow = written.load(ordering: .relaxed)
            #expect(writtenNow < total)
            client.startReading()
            let hasArrived = try await eventually(within: .seconds(30), on: isolation.loop) { client.receivedBytes.count > total }
            #expect(hasArrived)
            client.abort()
        }
    }

    @Test func headHasTheLengthAndNoBody() async throws {
        try await withServer({ _ in text("hello") }) { isolation, server in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            client.send("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            let answer = withoutDates(try await client.receiveToEnd())
            #expect(answer == "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n")
            client.abort()
        }
    }

    @Test func answersWhatCameBeforeAMalformedRequestAndNothingAfter() async throws {
        try await withServer({ request in text(request.path.swiftString) }) { isolation, server in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            client.send("GET /good HTTP/1.1\r\nHost: a\r\n\r\nGET /bad HTTP/1.1\r\nBad Header: x\r\nHost: a\r\n\r\n" + HTTPServerTests.get)
            let answers = try await client.receiveToEnd()
            #expect(answers.count(of: "HTTP/1.1 200") == 1)
            #expect(answers.count(of: "HTTP/1.1 400") == 1)
            #expect(answers.count(of: "HTTP/1.1 ") == 2)
            #expect(answers.contains("Connection: close"))
            client.abort()
        }
    }

    @Test func headThatDoesNotComeIsAnswered408() async throws {
        var limits = HTTPLimits()
        limits.headerTimeout = .milliseconds(300)
        try await withServer(limits: limits, { _ in text("never") }) { isolation, server in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            // A byte now and then does not buy time.
            for byte in "GET / HTT" where !client.hasEnded {
                client.send(String(byte))
                try await isolation.loop.sleep(for: .milliseconds(100))
            }
            try await #expect(client.receiveToEnd().hasPrefix("HTTP/1.1 408"))
            client.abort()
        }
    }

    @Test func bodyThatDoesNotComeIsAnswered408() async throws {
        var limits = HTTPLimits()
        limits.bodyIdleTimeout = .milliseconds(300)
        try await withServer(
            limits: limits,
            { request in
                _ = try? await request.body.collect(upTo: 1_000)
                return text("handled")
            }
        ) { isolation, server in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
            try await #expect(client.receiveToEnd().hasPrefix("HTTP/1.1 408"))
            client.abort()
        }
    }

    @Test func idleConnectionIsClosedSilently() async throws {
        var limits = HTTPLimits()
        limits.keepAliveTimeout = .milliseconds(300)
        try await withServer(limits: limits, { _ in text("hello") }) { isolation, server in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            client.send(HTTPServerTests.get)
            let answer = try await client.receiveToEnd()
            #expect(answer.count(of: "HTTP/1.1") == 1)
            client.abort()
        }
    }

    @Test func handlerThatTakesTooLongIsAnswered503() async throws {
        var limits = HTTPLimits()
        limits.handlerTimeout = .milliseconds(300)
        let wasCancelled = Flag()
        try await withServer(
            limits: limits,
            { request in
                do { try await request.loop.sleep(for: .seconds(60)) } catch { wasCancelled.raise() }
                return text("late")
            }
        ) { isolation, server in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            client.send(HTTPServerTests.get)
            let answer = try await client.receiveToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 503"))
            #expect(answer.contains("Retry-After: "))
            #expect(!answer.contains("late"))
            #expect(wasCancelled.isRaised)
            client.abort()
        }
    }

    @Test func handlerIsCancelledWhenItsClientLeaves() async throws {
        let began = Flag()
        let wasCancelled = Flag()
        try await withServer({ request in
            began.raise()
            do { try await request.loop.sleep(for: .seconds(60)) } catch { wasCancelled.raise() }
            return text("nobody hears this")
        }) { isolation, server in
            let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
            client.send(HTTPServerTests.get)
            let hasBegun = try await eventually(on: isolation.loop) { began.isRaised }
            #expect(hasBegun)
            client.abort()
            let isCancelled = try await eventually(on: isolation.loop) { wasCancelled.isRaised }
            #expect(isCancelled)
            let isGone = try await eventually(on: isolation.loop) {
                let statistics = await server.statistics()
                return statistics.connectionsOpen == 0 && statistics.requestsInFlight == 0
            }
            #expect(isGone)
        }
    }

    @Test func connectionsOverTheLimitAreAnswered503() async throws {
        try await withServer(maxConnections: 2, { _ in text("hello") }) { isolation, server in
            var kept: [RawClient] = []
            for _ in 0..<2 {
                let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
                client.send(HTTPServerTests.get)
                try await client.receive { $0.hasSuffix("hello") }
                kept.append(client)
            }
            // One that asks is told at once, also in the middle of a body; one that does not is told all the same.
            let large = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + String(repeating: "x", count: 1_000_000)
            for request in [HTTPServerTests.get, large, ""] {
                let refused = try await RawClient.connect(to: server.address, loop: isolation.loop)
                refused.send(request)
                let answer = try await refused.receiveToEnd()
                #expect(answer.hasPrefix("HTTP/1.1 503"))
                #expect(answer.contains("\r\nRetry-After: 1\r\n"))
                #expect(answer.contains("TOO_MANY_CONNECTIONS"))
                #expect(refused.failure == nil)
                refused.abort()
            }
            let statistics = await server.statistics()
            #expect(statistics.connectionsOpen == 2)
            #expect(statistics.connectionsRefused == 3)
            for client in kept { client.abort() }
        }
    }

    @Test func drainingAnswersWhatIsInFlightAndClosesWhatIsIdle() async throws {
        let began = Flag()
        try await withServer({ request in
            guard request.path == "/slow" else { return text("fast") }
            began.raise()
            try? await request.loop.sleep(for: .milliseconds(200))
            return text("slow")
        }) { isolation, server in
            let idle = try await RawClient.connect(to: server.address, loop: isolation.loop)
            idle.send(HTTPServerTests.get)
            try await idle.receive { $0.hasSuffix("fast") }
            let busy = try await RawClient.connect(to: server.address, loop: isolation.loop)
            busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            let hasBegun = try await eventually(on: isolation.loop) { began.isRaised }
            #expect(hasBegun)
            let draining = Task(executorPreference: isolation.loop) { await server.drain(within: .seconds(10)) }
            try await idle.receiveToEnd(within: .seconds(2))
            let answer = try await busy.receiveToEnd()
            #expect(answer.hasSuffix("slow"))
            #expect(answer.contains("Connection: close"))
            busy.abort()
            idle.abort()
            await draining.value
            await #expect(throws: TransportError.self) { _ = try await RawClient.connect(to: server.address, loop: isolation.loop) }
        }
    }

    @Test func listensOnAUnixSocketAndRemovesIt() async throws {
        let path = "/tmp/reactor-test-\(UInt32.random(in: 0...(.max))).sock"
        try await withServer(address: .unix(path: path), { request in text("\(request.remoteAddress)") }) { isolation, server in
            let client = try await RawClient.connect(to: .unix(path: path), loop: isolation.loop)
            client.send(HTTPServerTests.get)
            try await client.receive { $0.hasSuffix("unix:\(path)") }
            client.abort()
        }
        await #expect(throws: TransportError.self) {
            try await withLoop { isolation in _ = try await RawClient.connect(to: .unix(path: path), loop: isolation.loop) }
        }
    }

    @Test func pipelinedRequestsThatTakeLongLetOthersHaveTheirTurn() async throws {
        var limits = HTTPLimits()
        limits.pipelinedTurn = .zero
        try await withServer(limits: limits, { request in text("<\(request.path.swiftString)>") }) { isolation, server in
            let (client, other) = (
                try await RawClient.connect(to: server.address, loop: isolation.loop),
                try await RawClient.connect(to: server.address, loop: isolation.loop)
            )
            client.send((0..<16).map { "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
            other.send("GET /other HTTP/1.1\r\nHost: a\r\n\r\n")
            let answers = try await client.receive { $0.hasSuffix("</15>") }
            #expect((0..<16).allSatisfy { answers.contains("</\($0)>") })
            try await other.receive { $0.hasSuffix("</other>") }
            client.abort()
            other.abort()
        }
    }

    @Test(arguments: [1, 16])
    func requestsOfOneReadCostOneEnqueue(pipelined count: Int) async throws {
        // However slow the machine is: a turn that is given to others is another enqueue.
        var limits = HTTPLimits()
        limits.pipelinedTurn = .seconds(60)
        let configuration = HTTPServerConfiguration(address: .ip(host: "127.0.0.1", port: 0), limits: limits)
        try await EventLoopGroup.withGroup(loops: 1) { group in
            let server = try await HTTPServer.start(on: group, configuration) { _ in ClosureResponder { _ in text("hello") } }
            // The client has a loop of its own, so that everything counted is the server's.
            let statistics = { @Sendable () async -> EventLoopStatistics in await group.loops[0].isolation.run { $0.loop.statistics } }
            let rounds = 20
            let enqueued = try await withLoop { isolation in
                let client = try await RawClient.connect(to: server.address, loop: isolation.loop)
                client.send(HTTPServerTests.get)
                try await client.receive { $0.hasSuffix("hello") }
                // Asking costs something itself: what two questions in a row differ by.
                let first = await statistics()
                let before = await statistics()
                for _ in 0..<rounds {
                    client.clear()
                    client.send(String(repeating: HTTPServerTests.get, count: count))
                    try await client.receive { $0.count(of: "hello") == count }
                }
                let after = await statistics()
                client.abort()
                return after.jobsEnqueued - before.jobsEnqueued - (before.jobsEnqueued - first.jobsEnqueued)
            }
            // Sixteen requests that arrive together are one wake-up of their connection's task.
            #expect(enqueued == rounds)
            await server.drain(within: .milliseconds(100))
        }
    }
}

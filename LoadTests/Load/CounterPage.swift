// What the server counts itself: a page in Prometheus' text format, read before and after a run. Parsing is pure; reading is loop-bound.

import Reactor

/// The counters of a page, each the sum of its samples.
struct CounterPage: Sendable, Equatable {
    private(set) var values: [String: Double] = [:]

    /// Lines are `name{labels} value`; those that are not (comments, blanks) count nothing.
    init(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            guard let end = line.lastIndex(of: " "), let value = Double(line[line.index(after: end)...]) else { continue }
            values[String(line[..<end].prefix { $0 != "{" && $0 != " " }), default: 0] += value
        }
    }

    /// How much a counter grew for each of so many requests; nil where the page has no such counter.
    func growth(_ names: String..., since before: CounterPage, requests: Int) -> Double? {
        var sum = 0.0
        for name in names {
            guard let old = before.values[name], let new = values[name] else { return nil }
            sum += new - old
        }
        return sum / Double(max(1, requests))
    }
}

extension CounterPage {
    /// Asks for the page on a connection of its own. On-loop.
    static func read(_ url: TargetURL, on loop: EventLoop) async throws -> CounterPage {
        guard url.isLocal, !url.isTLS else { throw LoadError(description: "\(url): counters are read without TLS, on this machine") }
        let answer = LoopPromise<CounterPage>(loop: loop)
        let connection = try await TCPConnection.connect(to: url.address, loop: loop, timeout: .seconds(5))
        let reader = CounterReader(connection, answer)
        let limit = LoopTimer(loop: loop)
        limit.start(after: .seconds(5)) { answer.fail(LoadError(description: "\(url) does not answer")) }
        defer {
            limit.stop()
            reader.end()
        }
        reader.ask(for: url)
        do {
            return try await answer.wait()
        } catch let error as LoadError {
            throw LoadError(description: "\(url): \(error)")
        }
    }
}

/// Waits for one answer. Loop-bound.
private final class CounterReader: TCPConnectionDelegate {
    private let connection: TCPConnection
    private let answer: LoopPromise<CounterPage>
    private var scanner = ResponseScanner()

    init(_ connection: TCPConnection, _ answer: LoopPromise<CounterPage>) {
        self.connection = connection
        self.answer = answer
        scanner.keepsBody = true
        connection.delegate = self
    }

    func ask(for url: TargetURL) {
        connection.startReading()
        connection.outbound.append(RequestText.bytes("GET", url.target, host: url.host, fields: [("Accept", "text/plain")]))
        connection.scheduleFlush()
    }

    func end() { connection.abort() }

    func received(_ bytes: RawSpan) {
        var position = 0
        do throws(ResponseScanner.Malformed) {
            if let response = try scanner.next(Span<UInt8>(_bytes: bytes), &position) { settle(response) }
        } catch {
            answer.fail(LoadError(description: error.description))
        }
    }

    func receivedEOF() {
        if let response = scanner.end() { settle(response) } else { connection.abort() }
    }

    func closed(_ error: TransportError?) { answer.fail(LoadError(description: "the connection has ended")) }

    func outboundDrained() {}

    private func settle(_ response: ResponseScanner.Response) {
        guard response.status == 200 else { return _ = answer.fail(LoadError(description: "status \(response.status)")) }
        answer.succeed(CounterPage(String(decoding: scanner.body, as: UTF8.self)))
    }
}

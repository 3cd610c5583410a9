// The same request again and again: what wrk does.

import Reactor

/// One request.
struct SingleRequestScenario: Scenario {
    let name: String
    let operations: [String]
    private let request: LoadRequest

    init(_ method: String, _ url: TargetURL, fields: [(String, String)], body: [UInt8]) {
        name = "\(method) \(url)"
        operations = ["\(method) \(url.target)"]
        request = LoadRequest(
            operation: 0, bytes: RequestText.bytes(method, url.target, host: url.host, fields: fields, body: body),
            isHead: method == "HEAD")
    }

    func user(_ number: Int) -> any VirtualUser { User(request: request) }

    private struct User: VirtualUser {
        let request: LoadRequest
        var isReady: Bool { true }
        mutating func next() -> LoadRequest { request }
        mutating func received(_ answer: LoadAnswer, to request: LoadRequest) -> Bool { (200..<400).contains(answer.status) }
    }
}

// What virtual users do. A user is a value that is asked for its next request and told about the answer; it never waits itself,
// so that closed and open loops drive every scenario alike.

/// A request as it goes out.
struct LoadRequest: Sendable {
    /// Which of the scenario's operations it is.
    let operation: Int
    /// Head and body.
    let bytes: [UInt8]
    var isHead = false
    /// Whether the user looks at the answer's body.
    var needsBody = false
    /// Whether it is measured; signing in is not.
    var isMeasured = true
}

/// An answer as a user sees it.
struct LoadAnswer {
    let status: Int
    /// Empty where the request did not ask for it.
    let body: [UInt8]
}

/// What one user does, one request after the other.
protocol VirtualUser {
    /// Whether everything that comes before the load (signing in) is done.
    var isReady: Bool { get }
    mutating func next() -> LoadRequest
    /// - Returns: whether the answer is what the user wanted.
    mutating func received(_ answer: LoadAnswer, to request: LoadRequest) -> Bool
}

/// A kind of load.
protocol Scenario: Sendable {
    var name: String { get }
    /// The names of its operations; requests name them by index.
    var operations: [String] { get }
    /// - Parameter number: unique in the run, from 0.
    func user(_ number: Int) -> any VirtualUser
}

/// The text of requests.
enum RequestText {
    static func bytes(
        _ method: String, _ target: String, host: String, fields: [(String, String)] = [], body: [UInt8] = []
    ) -> [UInt8] {
        var text = "\(method) \(target) HTTP/1.1\r\nHost: \(host)\r\n"
        for (name, value) in fields { text += "\(name): \(value)\r\n" }
        if !body.isEmpty || method == "POST" || method == "PUT" || method == "PATCH" { text += "Content-Length: \(body.count)\r\n" }
        return Array((text + "\r\n").utf8) + body
    }
}

// An answer as a test looks at it. A value; any thread.

/// A complete HTTP response.
public struct HTTPTestResponse: Sendable {
    public let status: Int
    /// In order, names as they were sent.
    public let fields: [(name: String, value: String)]
    public let body: [UInt8]

    public init(status: Int, fields: [(name: String, value: String)], body: [UInt8]) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    public var text: String { String(decoding: body, as: UTF8.self) }

    /// The first field of that name.
    public func header(_ name: String) -> String? {
        fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

extension HTTPTestResponse: CustomStringConvertible {
    public var description: String {
        "\(status) \(fields.map { "\($0.name): \($0.value)" }.joined(separator: ", ")) | \(text.prefix(1_000))"
    }
}

/// Sends requests somewhere: over a socket, or straight to an application.
public protocol HTTPTestTransport {
    /// - Parameters:
    ///   - target: path and query, encoded.
    ///   - body: with a Content-Length; nil sends none.
    func send(
        _ method: String, _ target: String, _ fields: [(name: String, value: String)], _ body: [UInt8]?
    ) async throws -> HTTPTestResponse
}

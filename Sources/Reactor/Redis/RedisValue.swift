// A reply, taken out of the protocol. A value; any thread.

/// One RESP2 reply.
public enum RedisValue: Sendable, Hashable {
    /// A null bulk string or a null array: "there is no such thing".
    case null
    case integer(Int64)
    /// A simple string such as `OK`; bytes that are not UTF-8 are repaired.
    case status(String)
    /// A bulk string, binary safe.
    case bytes([UInt8])
    /// An error, at the top level or as an element of an array.
    case error(RedisServerError)
    case array([RedisValue])

    /// The integer, also where the server sent it as text.
    public var integerValue: Int64? {
        switch self {
        case .integer(let value): value
        case .bytes(let bytes): Int64(String(decoding: bytes, as: UTF8.self))
        case .status(let text): Int64(text)
        case .null, .error, .array: nil
        }
    }

    /// The text of a bulk or simple string.
    public var text: String? {
        switch self {
        case .status(let text): text
        case .bytes(let bytes): String(validating: bytes, as: UTF8.self)
        case .null, .integer, .error, .array: nil
        }
    }

    /// Itself, unless it is an error.
    func unwrapped() throws(RedisError) -> RedisValue {
        if case .error(let error) = self { throw .server(error) }
        return self
    }
}

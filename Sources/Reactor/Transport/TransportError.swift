// What the network said no to. A value; any thread.

import CLibuv

/// An error of libuv, with the operation that met it.
public struct TransportError: Error, Sendable, Hashable, CustomStringConvertible {
    /// libuv's error number: a negated errno, such as `UV_ECONNREFUSED`.
    public let code: Int32
    /// What was being done, such as `connect`.
    public let operation: String

    public init(code: Int32, operation: String) {
        self.code = code
        self.operation = operation
    }

    /// `connect: connection refused (ECONNREFUSED)`.
    public var description: String {
        // SAFETY: both functions return static strings for every number, known or not (unknown ones leak a few bytes).
        let reason = unsafe String(cString: uv_strerror(code))
        let name = unsafe String(cString: uv_err_name(code))
        return "\(operation): \(reason) (\(name))"
    }

    public static func timedOut(_ operation: String) -> TransportError {
        TransportError(code: Int32(UV_ETIMEDOUT.rawValue), operation: operation)
    }

    public static func cancelled(_ operation: String) -> TransportError {
        TransportError(code: Int32(UV_ECANCELED.rawValue), operation: operation)
    }

    public var isAddressInUse: Bool { code == Int32(UV_EADDRINUSE.rawValue) }

    /// Throws for a negative libuv result.
    static func check(_ code: Int32, _ operation: String) throws(TransportError) {
        guard code < 0 else { return }
        throw TransportError(code: code, operation: operation)
    }
}

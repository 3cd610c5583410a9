// What can go wrong with TLS: with its files, and between two peers. Values; any thread.

import COpenSSL
import Glibc

/// Why there is no ``TLSContext``.
public struct TLSConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Part: String, Sendable {
        case certificate, privateKey = "private key", authorities, library
    }

    /// What is to blame.
    public let part: Part
    /// In OpenSSL's words, or the system's; never the contents of a file.
    public let reason: String

    public var description: String { "\(part.rawValue): \(reason)" }
}

/// Why a session ended otherwise than by a goodbye.
public enum TLSError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The peer speaks HTTP without TLS.
    case plaintextHTTP
    /// The handshake came to nothing; the reason in OpenSSL's words.
    case handshake(String)
    /// A record that is none, or that was tampered with.
    case violation(String)
    /// The peer closed the socket without saying that this was the end.
    case truncated
    /// The peer makes us answer and does not read the answers.
    case flooded

    public var description: String {
        switch self {
        case .plaintextHTTP: "HTTP without TLS"
        case .handshake(let reason): "TLS handshake: \(reason)"
        case .violation(let reason): "TLS: \(reason)"
        case .truncated: "TLS: closed without close_notify"
        case .flooded: "TLS: answers that nobody reads"
        }
    }

    /// The same for the owner of a connection.
    var transportError: TransportError { TransportError(code: -EPROTO, operation: description) }
}

/// OpenSSL's queue of errors, which belongs to a thread: cleared before a call, and read right after it.
enum TLSErrorQueue {
    static func clear() { ERR_clear_error() }

    /// What went wrong first, which is the cause of what followed; empties the queue.
    static func cause() -> (reason: String, code: Int32) {
        let error = ERR_peek_error()
        ERR_clear_error()
        let number = reactor_ssl_errno(error)
        // SAFETY: both functions return static strings.
        if number != 0 { return unsafe (String(cString: strerror(number)), 0) }
        guard let text = unsafe ERR_reason_error_string(error) else { return ("error \(error)", 0) }
        return unsafe (String(cString: text), ERR_GET_REASON(error))
    }
}

// Which pages of other origins may call this API (Fetch standard, "CORS protocol"). Pure.

import Reactor

/// A list of origins, compared exactly.
struct CORSPolicy: Sendable {
    private let origins: [Text: String]
    private let allowsEveryOrigin: Bool
    let allowsCredentials: Bool

    /// What CORS asks of one answer.
    struct Decision: Sendable, Equatable {
        var headers: [HeaderField] = []
        /// Answered here, with 204: the request was a preflight from an allowed origin.
        var isPreflight = false
    }

    /// Header fields of ours that scripts may read.
    private static let exposedHeaders =
        "X-Request-ID, X-Total-Count, X-Next-Cursor, Link, ETag, Retry-After, RateLimit, RateLimit-Policy, X-RateLimit-Limit, "
        + "X-RateLimit-Remaining, X-RateLimit-Reset, Idempotent-Replayed, "
        + "Content-Disposition, Content-Range, Accept-Ranges"
    private static let methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"

    /// - Parameter origins: `https://app.example.com`, without a slash at the end; `*` allows every origin, and then no credentials.
    init(origins: [String], allowsCredentials: Bool = true) {
        allowsEveryOrigin = origins.contains("*")
        // A browser refuses `*` with credentials, and reflecting any origin instead would hand them to everybody.
        self.allowsCredentials = allowsCredentials && !allowsEveryOrigin
        let exact = origins.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
        self.origins = Dictionary(exact.map { (Text($0), $0) }) { first, _ in first }
    }

    /// - Parameters:
    ///   - origin: the request's `Origin`.
    ///   - requestedMethod: its `Access-Control-Request-Method`, which together with OPTIONS makes it a preflight.
    ///   - requestedHeaders: its `Access-Control-Request-Headers`.
    func decide(origin: Text?, isOptions: Bool, requestedMethod: Text?, requestedHeaders: Text?) -> Decision {
        var decision = Decision()
        guard let origin, let allowed = allowsEveryOrigin ? "*" : origins[origin] else { return decision }
        decision.headers.append(HeaderField(name: "Access-Control-Allow-Origin", value: allowed))
        if allowsCredentials { decision.headers.append(HeaderField(name: "Access-Control-Allow-Credentials", value: "true")) }
        guard isOptions, requestedMethod != nil else {
            decision.headers.append(HeaderField(name: "Access-Control-Expose-Headers", value: CORSPolicy.exposedHeaders))
            return decision
        }
        decision.isPreflight = true
        decision.headers.append(HeaderField(name: "Access-Control-Allow-Methods", value: CORSPolicy.methods))
        // The origin is trusted by name, so the fields it asks for are granted as far as they are field names at all.
        if let requestedHeaders, CORSPolicy.isListOfNames(requestedHeaders), let names = requestedHeaders.asciiString {
            decision.headers.append(HeaderField(name: "Access-Control-Allow-Headers", value: names))
        }
        decision.headers.append(HeaderField(name: "Access-Control-Max-Age", value: "600"))
        return decision
    }

    /// Whether answers differ by origin, so that caches must keep them apart: also where an origin was refused or none was sent.
    var variesByOrigin: Bool { !allowsEveryOrigin }

    private static func isListOfNames(_ text: Text) -> Bool {
        text.byteCount <= 1_024
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ","), UInt8(ascii: " "):
                    true
                default: false
                }
            }
    }
}

// Request methods. A value; any thread.

/// The methods of IANA's registry of HTTP methods (RFC 9110 16.1.1), without PRI, which is not a request but HTTP/2's preface. A path
/// that does not have one of them is 405 with `Allow`; any other well-formed method is 501 (RFC 9110 9.1).
public enum HTTPMethod: String, Sendable, Hashable, CaseIterable {
    // RFC 9110 9.3 and RFC 5789: what routes are made of.
    case get = "GET"
    case head = "HEAD"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
    case options = "OPTIONS"
    case trace = "TRACE"
    case connect = "CONNECT"
    /// GET with a body (the HTTP QUERY Method, of the IETF's HTTP working group).
    case query = "QUERY"

    // WebDAV and its extensions (RFC 4918, 3253, 3648, 3744, 4437, 4791, 5323, 5842).
    case acl = "ACL"
    case baselineControl = "BASELINE-CONTROL"
    case bind = "BIND"
    case checkin = "CHECKIN"
    case checkout = "CHECKOUT"
    case copy = "COPY"
    case label = "LABEL"
    case lock = "LOCK"
    case merge = "MERGE"
    case mkactivity = "MKACTIVITY"
    case mkcalendar = "MKCALENDAR"
    case mkcol = "MKCOL"
    case mkredirectref = "MKREDIRECTREF"
    case mkworkspace = "MKWORKSPACE"
    case move = "MOVE"
    case orderpatch = "ORDERPATCH"
    case propfind = "PROPFIND"
    case proppatch = "PROPPATCH"
    case rebind = "REBIND"
    case report = "REPORT"
    case search = "SEARCH"
    case unbind = "UNBIND"
    case uncheckout = "UNCHECKOUT"
    case unlock = "UNLOCK"
    case update = "UPDATE"
    case updateredirectref = "UPDATEREDIRECTREF"
    case versionControl = "VERSION-CONTROL"

    // RFC 2068 19.6.1.
    case link = "LINK"
    case unlink = "UNLINK"

    /// A registered name that no ordinary client sends, byte for byte (methods are case-sensitive, RFC 9110 9.1).
    init?(registered name: RawSpan) {
        let method = HTTPMethod.allCases.first { method in
            method.rawValue.utf8.count == name.byteCount
                && zip(method.rawValue.utf8, 0..<name.byteCount).allSatisfy { $0 == name.octet($1) }
        }
        guard let method else { return nil }
        self = method
    }
}

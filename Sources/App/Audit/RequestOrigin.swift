// Where a change came from, as services and the audit log are told: nothing of HTTP goes further down than this. A value.

import Reactor

/// Address, request id and agent behind a use case.
struct RequestOrigin: Sendable, Hashable {
    let clientAddress: String
    let requestID: String
    let userAgent: Text?

    init(clientAddress: String, requestID: String, userAgent: Text? = nil) {
        self.clientAddress = clientAddress
        self.requestID = requestID
        self.userAgent = userAgent
    }
}

extension RequestContext {
    /// Where this request came from.
    var origin: RequestOrigin {
        RequestOrigin(clientAddress: clientAddress, requestID: requestID, userAgent: request.header("user-agent"))
    }
}

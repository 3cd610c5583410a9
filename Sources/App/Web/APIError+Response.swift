// An APIError as bytes: FastAPI's shape, or RFC 9457's where a client asks for it.

import Reactor

extension APIError {
    /// - Parameters:
    ///   - requestID: what a user quotes when asking for help.
    ///   - isProblem: whether the client prefers `application/problem+json`.
    func response(requestID: String, isProblem: Bool) -> HTTPResponse {
        var writer = JSONWriter()
        writer.beginObject()
        if isProblem { writeProblemMembers(to: &writer) } else { writeDetail(to: &writer) }
        writer.name("code")
        writer.string(code)
        writer.name("request_id")
        writer.string(requestID)
        writer.endObject()
        var response = HTTPResponse.bytes(
            writer.bytes, contentType: isProblem ? "application/problem+json" : "application/json", status: status)
        for field in headers { response.headers.set(field.name, field.value) }
        return response
    }

    private func writeDetail(to writer: inout JSONWriter) {
        writer.name("detail")
        if faults.isEmpty { writer.string(detail) } else { writeFaults(to: &writer) }
    }

    // RFC 9457 section 3.1; "about:blank" says that the status is the type and `title` its phrase.
    private func writeProblemMembers(to writer: inout JSONWriter) {
        writer.name("type")
        writer.string("about:blank")
        writer.name("title")
        writer.string(status.reason)
        writer.name("status")
        writer.integer(status.code)
        writer.name("detail")
        writer.string(detail)
        guard !faults.isEmpty else { return }
        writer.name("errors")
        writeFaults(to: &writer)
    }

    private func writeFaults(to writer: inout JSONWriter) {
        writer.beginArray()
        for fault in faults {
            writer.separate()
            fault.write(to: &writer)
        }
        writer.endArray()
    }
}

// POST requests to a program that collects something, through libcurl. Each runs on a thread of the blocking pool; one at a time, so
// that the connection is used again.

import CCurl

/// Why a request had no good answer. Safe to show: it quotes neither the URL nor the answer.
public struct HTTPPostError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String
}

/// Sends bodies to one URL.
// SAFETY: the handle is used under the lock only, and libcurl's handles may move between threads (curl_easy_perform(3)).
@safe
public final class HTTPPoster: @unchecked Sendable {
    /// A handle, made with the first request.
    @safe private struct Handle {
        var easy: UnsafeMutableRawPointer?
        var headers: UnsafeMutablePointer<curl_slist>?
    }

    private let url: String
    private let fields: [String]
    private let handle = Lock(Handle())

    /// - Parameters:
    ///   - url: `http` or `https`; the system's authorities decide about certificates.
    ///   - headers: without line breaks.
    public init(url: String, headers: [(name: String, value: String)]) {
        self.url = url
        // Libcurl would wait for "100 Continue" before it sends a large body.
        fields = headers.map { "\($0.name): \($0.value)" } + ["Expect:"]
    }

    deinit {
        handle.withLock { handle in
            unsafe curl_easy_cleanup(handle.easy)
            unsafe curl_slist_free_all(handle.headers)
        }
    }

    /// Sends `body`; returns when the answer is a 2xx. Waits for its turn behind a request that is under way.
    /// - Parameter timeout: for all of it. Cancelling the task does not shorten it.
    /// - Throws: ``HTTPPostError``.
    public func post(_ body: [UInt8], timeout: Duration, on loop: EventLoop) async throws(HTTPPostError) {
        do {
            try await loop.runBlocking { [self] in try perform(body, timeout) }
        } catch {
            throw error as? HTTPPostError ?? HTTPPostError(description: "\(error)")
        }
    }

    private func perform(_ body: [UInt8], _ timeout: Duration) throws(HTTPPostError) {
        try handle.withLock { (handle) throws(HTTPPostError) in
            let easy = try unsafe prepare(&handle)
            let milliseconds = max(1, Int(clamping: timeout.ceilingMilliseconds))
            let (code, status) = unsafe body.withUnsafeBytes { bytes in
                // SAFETY: libcurl reads the body until curl_easy_perform returns, and the bytes live as long.
                let text = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
                var code = unsafe reactor_curl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count))
                if code == CURLE_OK { code = unsafe reactor_curl_set_text(easy, CURLOPT_POSTFIELDS, text) }
                if code == CURLE_OK { code = unsafe reactor_curl_set_long(easy, CURLOPT_TIMEOUT_MS, milliseconds) }
                if code == CURLE_OK { code = unsafe curl_easy_perform(easy) }
                return unsafe (code, reactor_curl_response_code(easy))
            }
            guard code == CURLE_OK else { throw unsafe HTTPPostError(description: String(cString: curl_easy_strerror(code))) }
            guard (200..<300).contains(status) else { throw HTTPPostError(description: "status \(status)") }
        }
    }

    private func prepare(_ handle: inout Handle) throws(HTTPPostError) -> UnsafeMutableRawPointer {
        if let easy = unsafe handle.easy { return unsafe easy }
        guard CurlLibrary.isReady, let easy = unsafe curl_easy_init() else { throw HTTPPostError(description: "libcurl cannot be used") }
        for field in fields { unsafe handle.headers = curl_slist_append(handle.headers, field) }
        let codes = [
            unsafe reactor_curl_set_text(easy, CURLOPT_URL, url),
            unsafe reactor_curl_set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https"),
            // What the environment says of proxies is not about us.
            unsafe reactor_curl_set_text(easy, CURLOPT_PROXY, ""),
            // Signals belong to the loop, not to time-outs of look-ups.
            unsafe reactor_curl_set_long(easy, CURLOPT_NOSIGNAL, 1),
            unsafe reactor_curl_set_long(easy, CURLOPT_POST, 1),
            unsafe reactor_curl_set_list(easy, CURLOPT_HTTPHEADER, handle.headers),
            unsafe reactor_curl_set_writer(easy, dropAnswer, nil),
        ]
        guard codes.allSatisfy({ $0 == CURLE_OK }) else {
            unsafe curl_easy_cleanup(easy)
            throw HTTPPostError(description: "libcurl cannot be used")
        }
        unsafe handle.easy = easy
        return unsafe easy
    }
}

/// What the collector says beside its status is of no use, and would go to standard output.
private func dropAnswer(_: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _: UnsafeMutableRawPointer?) -> Int {
    size &* count
}

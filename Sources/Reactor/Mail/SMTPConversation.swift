// One mail over one connection, with libcurl's blocking interface. Runs on a thread of the blocking pool; cancelled from any thread.

import CCurl
import Synchronization

/// From the greeting to QUIT.
final class SMTPConversation: Sendable {
    private let server: SMTPServer
    private let sender: String
    private let recipient: Text
    private let message: [UInt8]
    private let isCancelled = Atomic<Bool>(false)

    init(server: SMTPServer, sender: String, recipient: Text, message: [UInt8]) {
        self.server = server
        self.sender = sender
        self.recipient = recipient
        self.message = message
    }

    /// Ends the conversation at libcurl's next look at its progress, which is a second away at most.
    func cancel() { isCancelled.store(true, ordering: .relaxed) }

    /// - Throws: ``SMTPError``, `CancellationError`. Blocks.
    func perform() throws {
        guard !isCancelled.load(ordering: .relaxed) else { throw CancellationError() }
        guard CurlLibrary.isReady, let easy = unsafe curl_easy_init() else { throw SMTPError("libcurl cannot be used") }
        defer { unsafe curl_easy_cleanup(easy) }
        // TEXT: libcurl copies its bytes.
        let address = "<" + recipient.swiftString + ">"
        guard let recipients = unsafe curl_slist_append(nil, address) else { throw SMTPError("no memory for a mail") }
        defer { unsafe curl_slist_free_all(recipients) }
        let upload = Upload(message, of: self)
        // SAFETY: unretained; `upload` lives until behind curl_easy_perform, the last call that uses it.
        let context = unsafe Unmanaged.passUnretained(upload).toOpaque()
        var code = unsafe configure(easy, recipients, context)
        if code == CURLE_OK { code = unsafe curl_easy_perform(easy) }
        withExtendedLifetime(upload) {}
        if isCancelled.load(ordering: .relaxed), code != CURLE_OK { throw CancellationError() }
        guard code != CURLE_OK else { return }
        throw unsafe failure(code, lastReply: reactor_curl_response_code(easy), hasSentMail: upload.hasBegun)
    }

    /// - Returns: the first option's failure, which only a lack of memory causes.
    private func configure(
        _ easy: UnsafeMutableRawPointer, _ recipients: UnsafeMutablePointer<curl_slist>, _ context: UnsafeMutableRawPointer
    ) -> CURLcode {
        var codes = [
            unsafe reactor_curl_set_text(easy, CURLOPT_URL, server.url),
            unsafe reactor_curl_set_text(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps"),
            // What the environment says of proxies is not about us.
            unsafe reactor_curl_set_text(easy, CURLOPT_PROXY, ""),
            // Signals belong to the loop, not to time-outs of look-ups.
            unsafe reactor_curl_set_long(easy, CURLOPT_NOSIGNAL, 1),
            unsafe reactor_curl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(server.connectTimeout)),
            unsafe reactor_curl_set_long(easy, CURLOPT_TIMEOUT_MS, milliseconds(server.timeout)),
            // The one limit that also holds for the answer to QUIT. In seconds.
            unsafe reactor_curl_set_long(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, max(1, milliseconds(server.timeout) / 1_000)),
            unsafe reactor_curl_set_text(easy, CURLOPT_MAIL_FROM, "<\(sender)>"),
            unsafe reactor_curl_set_list(easy, CURLOPT_MAIL_RCPT, recipients),
            unsafe reactor_curl_set_long(easy, CURLOPT_UPLOAD, 1),
            // Announced with MAIL FROM: a server that finds it too large says so before it has read it.
            unsafe reactor_curl_set_offset(easy, CURLOPT_INFILESIZE_LARGE, curl_off_t(message.count)),
            unsafe reactor_curl_set_reader(easy, readMessage, context),
            unsafe reactor_curl_set_writer(easy, dropReply, nil),
            unsafe reactor_curl_set_progress(easy, lookAtProgress, context),
            unsafe reactor_curl_set_long(easy, CURLOPT_NOPROGRESS, 0),
            unsafe reactor_curl_set_long(easy, CURLOPT_USE_SSL, Int(tlsLevel)),
        ]
        if let file = server.certificateAuthorities { codes.append(unsafe reactor_curl_set_text(easy, CURLOPT_CAINFO, file)) }
        if let user = server.user { codes.append(unsafe reactor_curl_set_text(easy, CURLOPT_USERNAME, user)) }
        if let password = server.password { codes.append(unsafe reactor_curl_set_text(easy, CURLOPT_PASSWORD, password)) }
        return codes.first { $0 != CURLE_OK } ?? CURLE_OK
    }

    private var tlsLevel: UInt32 {
        switch server.startTLS {
        case .off: CURLUSESSL_NONE.rawValue
        case .opportunistic: CURLUSESSL_TRY.rawValue
        case .required: CURLUSESSL_ALL.rawValue
        }
    }

    private func milliseconds(_ duration: Duration) -> Int {
        Int(clamping: duration.ceilingMilliseconds)
    }

    /// What libcurl's code and the server's last reply mean. A refused login, and one or a STARTTLS that is missing (RFC 4954 section 6,
    /// RFC 3207 section 4), are the operator's to mend, and the mail can wait. And a server that greets with a refusal means us, not the mail.
    private func failure(_ code: CURLcode, lastReply: Int, hasSentMail: Bool) -> SMTPError {
        let isRefusal = code == CURLE_SEND_ERROR || (hasSentMail && (code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_RECV_ERROR))
        switch lastReply {
        case 530, 534, 535, 538: return SMTPError("the mail server wants another login, or TLS (\(lastReply))")
        case 500...599 where isRefusal: return SMTPError("the mail server refused the mail (\(lastReply))", isPermanent: true)
        case 400...499 where isRefusal: return SMTPError("the mail server wants the mail later (\(lastReply))")
        default: return unsafe SMTPError("the mail server cannot be used: \(String(cString: curl_easy_strerror(code)))")
        }
    }

    /// What libcurl reads from. Used by the thread that performs, and by no other.
    fileprivate final class Upload {
        private let message: [UInt8]
        private let conversation: SMTPConversation
        private var position = 0

        init(_ message: [UInt8], of conversation: SMTPConversation) {
            self.message = message
            self.conversation = conversation
        }

        var hasBegun: Bool { position > 0 }

        var isCancelled: Bool { conversation.isCancelled.load(ordering: .relaxed) }

        /// Copies what comes next; returns how much that was.
        func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
            let end = min(message.count, position + buffer.count)
            unsafe buffer.copyBytes(from: message[position..<end])
            defer { position = end }
            return end - position
        }
    }
}

private func upload(_ context: UnsafeMutableRawPointer?) -> SMTPConversation.Upload? {
    // SAFETY: `perform` keeps the object alive for as long as libcurl calls back.
    unsafe context.map { unsafe Unmanaged<SMTPConversation.Upload>.fromOpaque($0).takeUnretainedValue() }
}

private func readMessage(_ buffer: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?) -> Int {
    guard let buffer = unsafe buffer, let upload = unsafe upload(context) else { return 0 }
    // SAFETY: libcurl's buffer has `size * count` bytes, which it has multiplied without an overflow itself.
    return unsafe upload.read(into: UnsafeMutableRawBufferPointer(start: buffer, count: size &* count))
}

/// Replies are no body, and a body would go to stdout.
private func dropReply(_: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _: UnsafeMutableRawPointer?) -> Int {
    size &* count
}

private func lookAtProgress(
    _ context: UnsafeMutableRawPointer?, _: curl_off_t, _: curl_off_t, _: curl_off_t, _: curl_off_t
) -> Int32 {
    unsafe upload(context)?.isCancelled == true ? 1 : 0
}

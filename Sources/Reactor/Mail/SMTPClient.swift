// Mail to the next server, through libcurl. An actor on its loop that bounds how many conversations there are at once; each has a
// thread of the blocking pool. (libcurl's other interface, which runs on an event loop, waits for the answer to QUIT in place: a
// server that falls silent there would stop the loop.)

/// Delivers mails to one server, a connection each.
public actor SMTPClient {
    public nonisolated let loop: EventLoop
    public nonisolated let server: SMTPServer
    private let conversations: LoopSemaphore

    /// Of the pool's eight threads; a server that is slow must not take them from files.
    private static let maxAtOnce = 2

    public init(loop: EventLoop, server: SMTPServer) {
        self.loop = loop
        self.server = server
        conversations = LoopSemaphore(loop: loop, permits: SMTPClient.maxAtOnce)
    }

    public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    /// Hands a message over; when it returns, the server has answered for it.
    ///
    /// Waits its turn, and then at most ``SMTPServer/timeout`` (twice, where the server falls silent at the very end). Cancelling the
    /// task ends the conversation within a second; the message may have been taken all the same.
    /// - Parameters:
    ///   - message: header and text, lines ended by CRLF; dots at the beginning of lines are doubled on the way.
    ///   - sender: an address, as is `recipient`: without line breaks, spaces and angle brackets.
    /// - Throws: ``SMTPError``, `CancellationError`.
    public func send(_ message: [UInt8], from sender: String, to recipient: Text) async throws {
        guard SMTPClient.isAddress(Text(sender)), SMTPClient.isAddress(recipient) else {
            throw SMTPError("an address has characters that no address has", isPermanent: true)
        }
        let conversation = SMTPConversation(server: server, sender: sender, recipient: recipient, message: message)
        try await conversations.withPermit {
            try await withTaskCancellationHandler {
                try await loop.runBlocking { try conversation.perform() }
            } onCancel: {
                conversation.cancel()
            }
        }
    }

    /// What could end a command or an address within one.
    private static func isAddress(_ text: Text) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">") }
    }
}

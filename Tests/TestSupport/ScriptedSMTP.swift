// A mail server on a real socket that answers as a test tells it to. Loop-bound, on the test's loop.

public import Reactor

/// Listens on a free port of 127.0.0.1, takes mails, and refuses what the script refuses.
public final class ScriptedSMTP {
    public let address: SocketAddress
    /// Every line that came, but for the mails'.
    public private(set) var commands: [String] = []
    /// What came between DATA and the dot.
    public private(set) var mails: [String] = []
    /// Connections that are open, and the most that were at once.
    public private(set) var open = 0
    public private(set) var mostOpen = 0
    /// Receives a command, or `.` for a mail's end; returns the reply to send instead of the usual one, or an empty one for silence.
    public var script: (String) -> String? = { _ in nil }
    private var listener: TCPListener?
    private var peers: [Peer] = []

    public init(loop: EventLoop) throws {
        var accept: ((TCPConnection) -> Void)?
        let listener = try TCPListener(.ip(host: "127.0.0.1", port: 0), loop: loop) { accept?($0) }
        address = listener.address
        self.listener = listener
        accept = { [weak self] connection in self?.accept(connection) }
    }

    public func close() {
        listener?.close()
        listener = nil
        for peer in peers { peer.connection.abort() }
        peers = []
    }

    private func accept(_ connection: TCPConnection) {
        open += 1
        mostOpen = max(mostOpen, open)
        let peer = Peer(connection, self)
        peers.append(peer)
        connection.delegate = peer
        connection.startReading()
        peer.send(script("greeting") ?? "220 test ESMTP")
    }

    fileprivate func reply(to command: String) -> String {
        if command != "." { commands.append(command) }
        if let reply = script(command) { return reply }
        switch command.prefix(4).uppercased() {
        case "EHLO": return "250-test\r\n250-SIZE 1000000\r\n250 8BITMIME"
        case "DATA": return "354 go ahead"
        case "QUIT": return "221 bye"
        default: return "250 ok"
        }
    }

    fileprivate func take(_ mail: String) { mails.append(mail) }

    fileprivate func leave() { open -= 1 }

    private final class Peer: TCPConnectionDelegate {
        let connection: TCPConnection
        private weak var server: ScriptedSMTP?
        private var input: [UInt8] = []
        private var mail: [String]?
        private var hasLeft = false

        init(_ connection: TCPConnection, _ server: ScriptedSMTP) {
            self.connection = connection
            self.server = server
        }

        func send(_ reply: String) {
            guard !reply.isEmpty else { return }
            connection.outbound.append(reply + "\r\n")
            connection.scheduleFlush()
        }

        func received(_ bytes: RawSpan) {
            bytes.withUnsafeBytes { unsafe input.append(contentsOf: $0) }
            while let end = input.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: input[..<end].filter { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
                input.removeSubrange(...end)
                take(line)
            }
        }

        private func take(_ line: String) {
            guard let server else { return }
            if mail != nil, line != "." {
                mail?.append(line)
            } else if let lines = mail {
                mail = nil
                server.take(lines.joined(separator: "\n"))
                send(server.reply(to: "."))
            } else {
                let reply = server.reply(to: line)
                if reply.hasPrefix("354") { mail = [] }
                send(reply)
                if line.uppercased() == "QUIT", !reply.isEmpty { connection.closeAfterFlush() }
            }
        }

        func receivedEOF() { connection.abort() }
        func outboundDrained() {}

        func closed(_ error: TransportError?) {
            guard !hasLeft else { return }
            hasLeft = true
            server?.leave()
        }
    }
}

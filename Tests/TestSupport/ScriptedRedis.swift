// A peer on a real socket that speaks RESP as a test tells it to: also wrongly, or not at all. Loop-bound, on the test's loop.

public import Reactor

/// Listens on a free port of 127.0.0.1 and answers each command with whatever bytes the script returns.
public final class ScriptedRedis {
    /// Receives a command's words; returns the bytes to send, or nil to stay silent.
    public typealias Script = (_ words: [String]) -> String?

    public let address: SocketAddress
    public private(set) var commands: [[String]] = []
    public private(set) var connections = 0
    /// How often bytes arrived: what was written at once arrives at once here, since both ends share a loop.
    public private(set) var reads = 0
    public var script: Script
    private var listener: TCPListener?
    private var peers: [Peer] = []

    public init(loop: EventLoop, script: @escaping Script) throws {
        self.script = script
        var accept: ((TCPConnection) -> Void)?
        let listener = try TCPListener(.ip(host: "127.0.0.1", port: 0), loop: loop) { accept?($0) }
        address = listener.address
        self.listener = listener
        accept = { [weak self] connection in self?.accept(connection) }
    }

    /// Answers the greeting of a new connection, and everything else by `script`.
    public static func greeting(loop: EventLoop, script: @escaping Script) throws -> ScriptedRedis {
        try ScriptedRedis(loop: loop) { $0[0] == "CLIENT" ? "+OK\r\n" : script($0) }
    }

    /// Accepts and reads, and never answers.
    public static func silent(loop: EventLoop) throws -> ScriptedRedis {
        try ScriptedRedis(loop: loop) { _ in nil }
    }

    /// An address where nobody listens.
    public static func closedPort(loop: EventLoop) throws -> SocketAddress {
        let listener = try TCPListener(.ip(host: "127.0.0.1", port: 0), loop: loop) { $0.abort() }
        defer { listener.close() }
        return listener.address
    }

    /// Sends bytes that nobody asked for.
    public func push(_ text: String) {
        for peer in peers { peer.send(text) }
    }

    /// Cuts every connection; new ones are accepted.
    public func disconnect() {
        for peer in peers { peer.connection.abort() }
        peers = []
    }

    /// Stops listening and cuts every connection.
    public func close() {
        listener?.close()
        listener = nil
        disconnect()
    }

    private func accept(_ connection: TCPConnection) {
        connections += 1
        let peer = Peer(connection: connection, server: self)
        peers.append(peer)
        connection.delegate = peer
        connection.startReading()
    }

    fileprivate func didRead() {
        reads += 1
    }

    fileprivate func answer(_ words: [String]) -> String? {
        commands.append(words)
        return script(words)
    }

    /// One accepted connection and what it has sent of an unfinished command.
    private final class Peer: TCPConnectionDelegate {
        let connection: TCPConnection
        private weak var server: ScriptedRedis?
        private var input: [UInt8] = []

        init(connection: TCPConnection, server: ScriptedRedis) {
            self.connection = connection
            self.server = server
        }

        func send(_ text: String) {
            connection.outbound.append(text)
            connection.scheduleFlush()
        }

        func received(_ bytes: RawSpan) {
            bytes.withUnsafeBytes { unsafe input.append(contentsOf: $0) }
            server?.didRead()
            while let words = takeCommand() {
                if let answer = server?.answer(words) { send(answer) }
            }
        }

        func receivedEOF() { connection.abort() }
        func closed(_ error: TransportError?) {}
        func outboundDrained() {}

        /// An array of bulk strings, once all of it is there.
        private func takeCommand() -> [String]? {
            var position = 0
            guard let count = number(after: "*", at: &position) else { return nil }
            var words: [String] = []
            for _ in 0..<count {
                guard let length = number(after: "$", at: &position), position + length + 2 <= input.count else { return nil }
                words.append(String(decoding: input[position..<position + length], as: UTF8.self))
                position += length + 2
            }
            input.removeSubrange(0..<position)
            return words
        }

        private func number(after mark: Character, at position: inout Int) -> Int? {
            guard position < input.count, let mark = mark.asciiValue, input[position] == mark,
                let end = input[position...].firstIndex(of: UInt8(ascii: "\r")), end + 1 < input.count
            else { return nil }
            defer { position = end + 2 }
            return Int(String(decoding: input[position + 1..<end], as: UTF8.self))
        }
    }
}

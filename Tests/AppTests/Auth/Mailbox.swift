// The mails that a test's application has written, as their recipients read them. Loop-bound.

import Actors
import FoundationEssentials
import Reactor
import TestSupport
import Testing

@testable import App

/// A mail taken out of the outbox.
struct ReceivedMail {
    let to: String
    let subject: String
    let text: String

    /// What the link in the mail carries.
    var token: String? {
        text.split(separator: "#token=").dropFirst().first.map { String($0.prefix { !$0.isWhitespace }) }
    }
}

/// Takes mails out of the outbox, each once.
final class Mailbox {
    private let app: TestApp
    private var seen: Set<String> = []

    init(_ app: TestApp) {
        self.app = app
    }

    /// Runs the queued jobs that mail, and returns what they wrote.
    func receive() async throws -> [ReceivedMail] {
        let worker = RunningWorker(app.services)
        let deadline = MonotonicInstant.now() + .seconds(20)
        while try await unfinished() > 0, MonotonicInstant.now() < deadline { try await app.loop.sleep(for: .milliseconds(5)) }
        await worker.stop(within: .seconds(5))
        try await #expect(unfinished() == 0)
        let folder = "\(app.backend.configuration.dataDirectory)/outbox"
        let names = try DurableFile.list(folder).map(\.name).filter { !seen.contains($0) }
        seen.formUnion(names)
        return try names.map { name in
            let reader = try FileReader(path: "\(folder)/\(name)")
            return Mailbox.mail(String(decoding: try reader.read(offset: 0, count: reader.sizeBytes), as: UTF8.self))
        }
    }

    /// The token of the only mail that has come.
    func receiveToken() async throws -> String {
        let mails = try await receive()
        #expect(mails.count == 1)
        return try #require(mails.first?.token)
    }

    private func unfinished() async throws -> Int64 {
        try await app.services.database.execute(
            .read("SELECT count(*) FROM jobs WHERE kind LIKE '%_mail' AND finished_at IS NULL"), [])[0].int(0)
    }

    private static func mail(_ message: String) -> ReceivedMail {
        let lines = message.split(separator: "\r\n", omittingEmptySubsequences: false)
        let head = lines.prefix { !$0.isEmpty }
        func field(_ name: String) -> String {
            head.first { $0.hasPrefix("\(name): ") }.map { String($0.dropFirst(name.count + 2)) } ?? ""
        }
        let body = lines.dropFirst(head.count + 1).joined(separator: "\n").replacing("=\n", with: "")
        let pieces = body.split(separator: "=", omittingEmptySubsequences: false)
        let text = pieces.dropFirst().reduce(into: Array(pieces[0].utf8)) { bytes, piece in
            bytes.append(UInt8(piece.prefix(2), radix: 16) ?? UInt8(ascii: "?"))
            bytes += Array(piece.dropFirst(2).utf8)
        }
        return ReceivedMail(to: field("To"), subject: field("Subject"), text: String(decoding: text, as: UTF8.self))
    }
}

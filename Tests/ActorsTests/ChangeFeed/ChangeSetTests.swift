// What processes tell each other: gathered, written and read again, also when it is too much.

@testable import Actors
import Testing

@Suite struct ChangeSetTests {
    private static func read(_ payloads: [String]) -> ChangeSet {
        var all = ChangeSet()
        for payload in payloads { if let changes = ChangeSet(payload: payload, except: "me") { all.formUnion(changes) } }
        return all
    }

    @Test func whatIsSentIsRead() {
        let changes = ChangeSet(
            namespaces: ["tasks:1", "products"], sessions: [SessionID(rawValue: "0190b1a2-3c4d-7e5f-8a9b-0c1d2e3f4a5b")],
            users: [7, -1, .max])
        let payloads = changes.payloads(from: "other")
        #expect(payloads.count == 1)
        #expect(ChangeSetTests.read(payloads) == changes)
    }

    @Test func ownMessagesAreNoNews() {
        #expect(ChangeSet(payload: ChangeSet(namespaces: ["a"]).payloads(from: "me")[0], except: "me") == nil)
        #expect(ChangeSet(payload: ChangeSet(namespaces: ["a"]).payloads(from: "me2")[0], except: "me") != nil)
    }

    @Test func nothingIsLostWhereItDoesNotFitOneMessage() {
        let changes = ChangeSet(namespaces: (0..<4_000).map { "tasks:\($0)" }, users: [1])
        let payloads = changes.payloads(from: "other")
        #expect(payloads.count > 1)
        #expect(payloads.allSatisfy { $0.utf8.count <= ChangeSet.maxPayloadBytes })
        #expect(ChangeSetTests.read(payloads) == changes)
    }

    @Test func tooMuchIsEverything() {
        var changes = ChangeSet()
        for number in 0...4_096 { changes.formUnion(ChangeSet(namespaces: ["tasks:\(number)"])) }
        #expect(changes.isEverything)
        #expect(changes.payloads(from: "other") == ["other\n*"])
        #expect(ChangeSetTests.read(["other\n*"]).isEverything)
        changes.formUnion(ChangeSet(users: [1]))
        #expect(changes.isEverything && changes.users.isEmpty)
    }

    /// A newer program may say more than this one understands.
    @Test(arguments: ["other\nx1", "other\nux", "other\n", "other\nctasks:1\n?"])
    func whatCannotBeReadIsEverything(payload: String) {
        #expect(ChangeSet(payload: payload, except: "me")?.isEverything == true)
    }
}

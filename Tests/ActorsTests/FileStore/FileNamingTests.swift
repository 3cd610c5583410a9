// What stored files are called.

@testable import Actors
import Reactor
import Testing

@Suite struct FileNamingTests {
    @Test(arguments: [
        "", "..", "../../etc/passwd", "a/b", "0b7a8f6e-0000-4000-8000-00000000000", "0b7a8f6e-0000-4000-8000-000000000001/..",
        "0b7a8f6e-0000-4000-8000-000000000001\u{0}", "gb7a8f6e-0000-4000-8000-000000000001", "0b7a8f6e000040008000000000000001",
    ])
    func nothingButAUUIDBecomesAnID(_ text: String) {
        #expect(FileID(text) == nil)
    }

    @Test func idsAreLowerCase() {
        #expect(FileID("0B7A8F6E-0000-4000-8000-00000000000A")?.text == "0b7a8f6e-0000-4000-8000-00000000000a")
    }

    @Test func freshIDsDifferAndAreIDs() {
        let ids = (0..<100).map { _ in FileID() }
        #expect(Set(ids).count == 100)
        for id in ids { #expect(FileID(id.text) == id) }
    }

    @Test func pathsAreShardedByTheIDsFirstDigits() throws {
        let id = try #require(FileID("0b7a8f6e-0000-4000-8000-000000000001"))
        #expect(FileNaming.directory(root: "/data/files", id: id) == "/data/files/0b")
        #expect(FileNaming.isShard("0b"))
        for name in ["", "0", "0b7", "0g", "0B", ".."] { #expect(!FileNaming.isShard(name)) }
    }

    @Test func onlyOldTemporaryFilesOfOthersAreOrphans() {
        let now = Timestamp(seconds: 1_000_000)
        func isOrphan(_ name: String, age: Duration, isDirectory: Bool = false) -> Bool {
            FileNaming.isOrphan(
                DurableFile.Entry(name: name, isDirectory: isDirectory, modifiedAt: now - age),
                inProgress: ["mine"], now: now, grace: .seconds(60))
        }
        #expect(isOrphan(".other.partial", age: .seconds(61)))
        #expect(!isOrphan(".other.partial", age: .seconds(60)))
        #expect(!isOrphan(".mine.partial", age: .seconds(9_999)))
        #expect(!isOrphan("0b7a8f6e-0000-4000-8000-000000000001", age: .seconds(9_999)))
        #expect(!isOrphan(".other.partial", age: .seconds(9_999), isDirectory: true))
    }
}

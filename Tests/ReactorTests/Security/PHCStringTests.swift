// The text form of password hashes, taken apart and put together.

@testable import Reactor
import Testing

@Suite struct PHCStringTests {
    /// Of libargon2's own test vectors (test.c): "password" with the salt "somesalt", two passes over 256 KiB.
    static let vector =
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"

    @Test func partsAreReadAndWrittenAlike() throws {
        let phc = try #require(PHCString(PHCStringTests.vector))
        #expect(phc.parameters == Argon2Parameters(memoryKiB: 256, passes: 2, lanes: 1))
        #expect(phc.salt == Array("somesalt".utf8))
        #expect(phc.hash.count == 32)
        #expect(phc.text == PHCStringTests.vector)
    }

    @Test(arguments: [
        "", "$", "password", "$2b$12$abcdefghijklmnopqrstuv",
        "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=16$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$t=2,m=256,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=+256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ=$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/5",
        "$argon2id$v=19$m=256,t=2,p=1$c29t$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgL",
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4$",
        "$argon2id$v=19$m=99999999999999999999,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
    ])
    func refusesWhatIsNoArgon2idHash(_ text: String) {
        #expect(PHCString(text) == nil)
    }

    @Test func refusesAStoredHashThatAsksForFourTebibytes() {
        let text = "$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4"
        #expect(PHCString(text) == nil)
        #expect(!PasswordHash.verify("password", against: text))
    }

    @Test func base64RoundTripsEveryLength() {
        for count in 0...40 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 97 &+ 13) }
            #expect(UnpaddedBase64.decode(UnpaddedBase64.encode(bytes)) == bytes)
        }
    }

    /// RFC 4648 10, without the padding.
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"), ("foobar", "Zm9vYmFy"),
    ])
    func base64MatchesTheStandardsVectors(_ plain: String, _ encoded: String) {
        #expect(UnpaddedBase64.encode(Array(plain.utf8)) == encoded)
        #expect(UnpaddedBase64.decode(encoded) == Array(plain.utf8))
    }

    @Test(arguments: ["A", "AAAAA", "Zh", "Zm9", "Zg==", "Zm 9", "Zm9-", "Zm9_"])
    func base64RefusesWhatNoEncoderWrites(_ text: String) {
        #expect(UnpaddedBase64.decode(text) == nil)
    }
}

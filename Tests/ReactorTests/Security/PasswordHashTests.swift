// Argon2id against known answers, and what verifying accepts.

@testable import Reactor
import Testing

@Suite struct PasswordHashTests {
    /// Cheap: the tests are about being right, not about being slow.
    static let cheap = Argon2Parameters(memoryKiB: 64, passes: 1, lanes: 1)

    @Test func knownAnswerOfTheReferenceImplementation() throws {
        let hash = try PasswordHash.hash(
            "password", salt: Array("somesalt".utf8), parameters: Argon2Parameters(memoryKiB: 256, passes: 2, lanes: 1))
        #expect(hash == PHCStringTests.vector)
        #expect(PasswordHash.verify("password", against: PHCStringTests.vector))
    }

    @Test func verifiesItsOwnHashAndNoOtherPassword() throws {
        let hash = try PasswordHash.hash("correct horse", parameters: PasswordHashTests.cheap)
        #expect(PasswordHash.verify("correct horse", against: hash))
        #expect(!PasswordHash.verify("correct horse ", against: hash))
        #expect(!PasswordHash.verify("", against: hash))
    }

    @Test(arguments: ["", "pässwörd 🔑", "nul\u{0}inside", String(repeating: "x", count: 4_096)])
    func takesAnyPassword(_ password: String) throws {
        let hash = try PasswordHash.hash(Text(password), parameters: PasswordHashTests.cheap)
        #expect(PasswordHash.verify(Text(password), against: hash))
        #expect(!PasswordHash.verify(Text(password + "x"), against: hash))
    }

    @Test func aPasswordIsNotCutAtANul() throws {
        let hash = try PasswordHash.hash("before\u{0}after", parameters: PasswordHashTests.cheap)
        #expect(!PasswordHash.verify("before\u{0}other", against: hash))
        #expect(!PasswordHash.verify("before", against: hash))
    }

    @Test func equalPasswordsGetDifferentSalts() throws {
        let first = try PasswordHash.hash("same", parameters: PasswordHashTests.cheap)
        let second = try PasswordHash.hash("same", parameters: PasswordHashTests.cheap)
        #expect(first != second)
        #expect(PHCString(first)?.salt.count == 16)
    }

    @Test func standardParametersAreNineteenMebibytesTwoPassesOneLane() throws {
        let hash = try PasswordHash.hash("password")
        #expect(hash.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
        #expect(PasswordHash.parameters(of: hash) == .standard)
        #expect(PasswordHash.verify("password", against: hash))
    }

    @Test(arguments: [
        Argon2Parameters(memoryKiB: 7, passes: 1, lanes: 1), Argon2Parameters(memoryKiB: 64, passes: 0, lanes: 1),
        Argon2Parameters(memoryKiB: 64, passes: 1, lanes: 0), Argon2Parameters(memoryKiB: .max, passes: 1, lanes: 1),
        Argon2Parameters(memoryKiB: 1_024, passes: 1, lanes: .max),
    ])
    func refusesParametersOutOfBounds(_ parameters: Argon2Parameters) {
        #expect(throws: PasswordHashError.parameters) { try PasswordHash.hash("password", parameters: parameters) }
    }

    @Test func comparisonLooksAtEveryByte() {
        #expect(PasswordHash.areEqualInConstantTime([1, 2, 3], [1, 2, 3]))
        #expect(!PasswordHash.areEqualInConstantTime([1, 2, 3], [1, 2, 4]))
        #expect(!PasswordHash.areEqualInConstantTime([0, 2, 3], [1, 2, 3]))
        #expect(!PasswordHash.areEqualInConstantTime([1, 2], [1, 2, 3]))
        #expect(PasswordHash.areEqualInConstantTime([], []))
    }
}

// bcrypt against known answers, and what verifying accepts.

@testable import Reactor
import Testing

@Suite struct BcryptHashTests {
    struct Vector: Sendable, CustomTestStringConvertible {
        let password: String
        let hash: String
        var testDescription: String { hash }
    }

    /// Of the test program of crypt_blowfish, Openwall's implementation, in the three spellings of the prefix.
    static let published = [
        Vector(password: "U*U", hash: "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        Vector(password: "U*U*", hash: "$2b$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
        Vector(password: "U*U*U", hash: "$2y$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
        Vector(password: "", hash: "$2b$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"),
        Vector(
            password: "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored",
            hash: "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui"),
    ]

    /// Of Python's bcrypt 5.0.
    static let ofPython = [
        Vector(password: "password123", hash: "$2b$04$abcdefghijklmnopqrstuuK7Sjs7rFYArh/ytIZsOeM/z4RV2Fw2i"),
        Vector(password: "pässwörd 🔑", hash: "$2b$04$abcdefghijklmnopqrstuuI9bZCuY3iL1D8aa7mpGEju3kdgOOzj6"),
    ]

    @Test(arguments: published + ofPython)
    func knownAnswersOfOtherImplementations(_ vector: Vector) {
        #expect(BcryptHash.verify(Text(vector.password), against: vector.hash))
        #expect(!BcryptHash.verify(Text("x" + vector.password), against: vector.hash))
    }

    @Test(arguments: ["$2a$", "$2b$", "$2y$"])
    func theSpellingsOfThePrefixMeanTheSame(_ prefix: String) {
        let hash = prefix + BcryptHashTests.ofPython[1].hash.dropFirst(4)
        #expect(BcryptHash.verify("pässwörd 🔑", against: hash))
        #expect(BcryptHash.cost(of: hash) == 4)
    }

    @Test func whatIsBehind72BytesDoesNotCount() {
        let vector = BcryptHashTests.published[4]
        #expect(BcryptHash.verify(Text(String(vector.password.prefix(72))), against: vector.hash))
        #expect(!BcryptHash.verify(Text(String(vector.password.prefix(71))), against: vector.hash))
        #expect(BcryptHash.verify(Text(vector.password + String(repeating: "x", count: 4_096)), against: vector.hash))
    }

    @Test func aPasswordIsNotCutAtANul() {
        let vector = BcryptHashTests.ofPython[0]
        #expect(!BcryptHash.verify(Text(vector.password + "\u{0}"), against: vector.hash))
        #expect(!BcryptHash.verify(Text(vector.password + "\u{0}more"), against: vector.hash))
        #expect(!BcryptHash.verify("\u{0}", against: BcryptHashTests.published[3].hash))
    }

    @Test(arguments: [
        "", "$", "$2b$", "password123", "$2b$04$", "$2b$04$abcdefghijklmnopqrstuu",
        // Other letters, among them x: known to be computed wrongly.
        "$2$04$abcdefghijklmnopqrstuuK7Sjs7rFYArh/ytIZsOeM/z4RV2Fw2i", "$2x$04$abcdefghijklmnopqrstuuK7Sjs7rFYArh/ytIZsOeM/z4RV2Fw2i",
        "$2B$04$abcdefghijklmnopqrstuuK7Sjs7rFYArh/ytIZsOeM/z4RV2Fw2i", "$1b$04$abcdefghijklmnopqrstuuK7Sjs7rFYArh/ytIZsOeM/z4RV2Fw2i",
        // Costs that are none, too small or too large.
        "$2b$00$abcdefghijklmnopqrstuuK7Sjs7rFYArh/ytIZsOeM/z4RV2Fw2i", "$2b$03$abcdefghijklmnopqrstuuK7Sjs7rFYArh/ytIZsOeM/z4RV2Fw2i",
        "$2b$17$abcdefghijklmnopqrstuuK7Sjs7rFYArh/ytIZsOeM/z4RV2Fw2i", "$2b$31$abcdefghijklmnopqrstuuK7Sjs7rFYArh/ytIZsOeM/z4RV2Fw2i",
        "$2b$99$abcdefghijklmnopqrstuuK7Sjs7rFYArh/ytIZsOeM/z4RV2Fw2i", "$2b$+4$abcdefghijklmnopqrstuuK7Sjs7rFYArh/ytIZsOeM/z4RV2Fw2i",
        "$2b$4$abcdefghijklmnopqrstuuK7Sjs7rFYArh/ytIZsOeM/z4RV2Fw2i0", "$2b$ 4$abcdefghijklmnopqrstuuK7Sjs7rFYArh/ytIZsOeM/z4RV2Fw2i",
        // One character less, one more, and characters of other alphabets.
        "$2b$04$abcdefghijklmnopqrstuuK7Sjs7rFYArh/ytIZsOeM/z4RV2Fw2", "$2b$04$abcdefghijklmnopqrstuuK7Sjs7rFYArh/ytIZsOeM/z4RV2Fw2ii",
        "$2b$04$abcdefghijklmnopqrstu+K7Sjs7rFYArh/ytIZsOeM/z4RV2Fw2i", "$2b$04$abcdefghijklmnopqrstuuK7Sjs7rFYArh/ytIZsOeM/z4RV2Fw2\n",
        "$2b$04$abcdefghijklmnopqrstuuK7Sjs7rFYArh/ytIZsOeM/z4RV2Fwé", "*0", "*1", "!", "$2b$04\u{0}",
    ])
    func refusesWhatIsNoBcryptHash(_ text: String) {
        #expect(BcryptHash.cost(of: text) == nil)
        #expect(!BcryptHash.verify("password123", against: text))
    }

    @Test func aDigestThatDiffersInOneCharacterIsWrong() {
        let vector = BcryptHashTests.ofPython[0]
        let characters = Array(vector.hash)
        for index in 7..<characters.count {
            var changed = characters
            changed[index] = changed[index] == "A" ? "B" : "A"
            // The salt's last character has four bits to spare, which count for nothing.
            guard index != 28 else { continue }
            #expect(!BcryptHash.verify(Text(vector.password), against: String(changed)), "character \(index)")
        }
    }

    @Test func nobodyKnowsThePasswordOfTheDecoy() {
        for cost in [4, 5] {
            #expect(BcryptHash.cost(of: BcryptHash.decoy(cost: cost)) == cost)
            for password in ["", ".", "password123"] { #expect(!BcryptHash.verify(Text(password), against: BcryptHash.decoy(cost: cost))) }
        }
        #expect(BcryptHash.cost(of: BcryptHash.decoy(cost: 12)) == 12)
        #expect(BcryptHash.cost(of: BcryptHash.decoy(cost: .max)) == 16)
        #expect(BcryptHash.cost(of: BcryptHash.decoy(cost: .min)) == 4)
    }
}

// What refresh tokens and mailed tokens are made of. Pure but for the random bits; any thread.

import Crypto
import Reactor

/// Random, opaque text of 256 bits, of which only a hash is stored.
enum TokenText {
    static let byteCount = 32

    /// 256 random bits in base64url: 43 characters.
    static func random() -> String {
        var generator = SystemRandomNumberGenerator()  // getrandom(2) on Linux
        return Base64URL.encode((0..<byteCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    /// Nil where the text cannot be one of ours, which saves asking the database.
    static func wellFormed(_ text: Text) -> String? {
        // 43 characters: nothing longer is decoded.
        guard text.byteCount == (byteCount * 4 + 2) / 3, Base64URL.decode(text)?.count == byteCount else { return nil }
        return text.asciiString
    }

    /// What is stored and looked up. A plain hash suffices: 256 random bits cannot be guessed, so there is nothing to slow down,
    /// and a look-up by hash leaks no timing about the token.
    static func hash(_ text: String) -> [UInt8] {
        Array(SHA256.hash(data: Array(text.utf8)))
    }
}

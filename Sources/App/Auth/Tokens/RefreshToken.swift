// Refresh tokens: random, opaque, stored as a hash. A value; any thread.

import Crypto

/// A refresh token as its bearer has it.
struct RefreshToken: Sendable, Hashable {
    static let byteCount = 32

    /// 256 random bits in base64url: 43 characters.
    let text: String

    private init(text: String) {
        self.text = text
    }

    static func random() -> RefreshToken {
        var generator = SystemRandomNumberGenerator()  // getrandom(2) on Linux
        let bytes = (0..<byteCount).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        return RefreshToken(text: Base64URL.encode(bytes))
    }

    /// Nil where the text cannot be one of ours, which saves asking the database.
    init?(_ text: String) {
        guard let bytes = Base64URL.decode(text), bytes.count == RefreshToken.byteCount else { return nil }
        self.text = text
    }

    /// What is stored and looked up. A plain hash suffices: 256 random bits cannot be guessed, so there is nothing to slow down,
    /// and a look-up by hash leaks no timing about the token.
    var hash: [UInt8] {
        Array(SHA256.hash(data: Array(text.utf8)))
    }
}

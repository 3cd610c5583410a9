// Refresh tokens: random, opaque, stored as a hash. A value; any thread.

import Reactor

/// A refresh token as its bearer has it.
struct RefreshToken: Sendable, Hashable {
    /// 43 characters.
    let text: String

    private init(text: String) {
        self.text = text
    }

    static func random() -> RefreshToken {
        RefreshToken(text: TokenText.random())
    }

    /// Nil where the text cannot be one of ours.
    init?(_ text: Text) {
        guard let text = TokenText.wellFormed(text) else { return nil }
        self.text = text
    }

    /// What is stored and looked up.
    var hash: [UInt8] { TokenText.hash(text) }
}

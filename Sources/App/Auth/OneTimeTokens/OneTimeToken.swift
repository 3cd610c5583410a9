// Mailed tokens: random, opaque, stored as a hash, good for one use. Values; any thread.

import Reactor

/// What a mailed token is good for. The raw values are stored.
enum OneTimeTokenPurpose: String, CaseIterable, Sendable {
    case passwordReset = "password_reset"
    case emailVerification = "email_verification"
}

/// A mailed token as its bearer has it.
struct OneTimeToken: Sendable, Hashable {
    /// 43 characters.
    let text: String

    private init(text: String) {
        self.text = text
    }

    static func random() -> OneTimeToken {
        OneTimeToken(text: TokenText.random())
    }

    /// Nil where the text cannot be one of ours.
    init?(_ text: Text) {
        guard let text = TokenText.wellFormed(text) else { return nil }
        self.text = text
    }

    /// What is stored and looked up.
    var hash: [UInt8] { TokenText.hash(text) }
}

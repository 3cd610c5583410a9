// Who mails come from. A value; any thread.

/// An address with the name that stands before it.
struct MailSender: Sendable, Hashable {
    let name: String
    let address: String

    /// What is behind the @: Message-IDs end with it.
    var domain: Substring {
        address.lastIndex(of: "@").map { address[address.index(after: $0)...] } ?? "localhost"
    }
}

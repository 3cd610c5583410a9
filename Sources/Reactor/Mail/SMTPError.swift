// Why a mail was not taken. A value; any thread.

/// A failed delivery to the next server. Safe to show: it quotes neither addresses nor the server's words.
public struct SMTPError: Error, Sendable, Hashable, CustomStringConvertible {
    public let reason: String
    /// True where the server has refused this mail for good (RFC 5321 4.2.1: a reply from 500 on).
    public let isPermanent: Bool

    public init(_ reason: String, isPermanent: Bool = false) {
        self.reason = reason
        self.isPermanent = isPermanent
    }

    public var description: String { reason }
}

// The mails that accounts need, word for word. Pure.

import Actors
import Reactor

/// Writes mails with a token in them.
struct AccountMail: Sendable {
    /// What the recipients know this program as.
    let appName: String
    /// Where the links lead, without a slash at its end.
    let siteURL: String
    let passwordResetLifetime: Duration
    let emailVerificationLifetime: Duration

    func lifetime(of purpose: OneTimeTokenPurpose) -> Duration {
        switch purpose {
        case .passwordReset: passwordResetLifetime
        case .emailVerification: emailVerificationLifetime
        }
    }

    /// - Parameter id: of the message; another one for each token.
    func message(_ purpose: OneTimeTokenPurpose, _ token: OneTimeToken, to address: Text, id: String) -> MailMessage {
        let good = "It works once, and for \(AccountMail.text(lifetime(of: purpose)))."
        switch purpose {
        case .passwordReset:
            return MailMessage(
                to: address, subject: "Reset your password for \(appName)",
                text: """
                    Somebody, probably you, asked to reset the password for \(appName) of the account with this address.

                    To choose another password, open this link:
                    \(link("reset-password", token))

                    Or send this token with the new password to POST /auth/password/reset:
                    \(token.text)

                    \(good)
                    If it was not you, there is nothing to do: your password has not changed.
                    """, id: id)
        case .emailVerification:
            return MailMessage(
                to: address, subject: "Verify your address for \(appName)",
                text: """
                    An account for \(appName) has been given this address.

                    To say that it is yours, open this link:
                    \(link("verify-email", token))

                    Or send this token to POST /auth/email/verify:
                    \(token.text)

                    \(good)
                    If you have no such account, there is nothing to do.
                    """, id: id)
        }
    }

    /// The token stands behind a #: browsers send that part to no server, so it is in nobody's access log and in no Referer.
    private func link(_ path: String, _ token: OneTimeToken) -> String {
        "\(siteURL)/\(path)#token=\(token.text)"
    }

    /// In the largest unit that states it exactly.
    private static func text(_ lifetime: Duration) -> String {
        let minutes = Int(lifetime / .seconds(60))
        let (count, unit) = minutes > 0 && minutes % 60 == 0 ? (minutes / 60, "hour") : (minutes, "minute")
        return "\(count) \(unit)\(count == 1 ? "" : "s")"
    }
}

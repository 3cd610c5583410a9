// What the configuration says about mail, as the mailers take it. Values; any thread.

import Reactor

extension SettingKind where Value == String {
    /// Kept as text, since the server's other settings are put into it later; checked here.
    static let smtpURL = SettingKind(
        form: "smtp://user:password@host:port or smtps://...",
        parse: { text throws(InvalidSetting) in
            do throws(InvalidSMTPURL) {
                _ = try SMTPServer(url: text)
            } catch {
                throw InvalidSetting(reason: error.reason)
            }
            return text
        },
        render: { text in (try? SMTPServer(url: text))?.description ?? "" })

    static let emailAddress = SettingKind(
        form: "email address",
        parse: { text throws(InvalidSetting) in
            switch EmailAddress.parse(Text(text)) {
            // TEXT: a setting, the operator's own.
            case .success(let address): return address.swiftString
            case .failure(let fault): throw InvalidSetting(reason: fault.reason)
            }
        },
        render: { $0 })
}

extension AppConfiguration {
    /// Nil without a mail server.
    /// - Throws: ``ConfigurationError``; the URL was checked when it was read.
    var mailServer: SMTPServer? {
        get throws(ConfigurationError) {
            guard let url = mail.url else { return nil }
            do throws(InvalidSMTPURL) {
                var server = try SMTPServer(url: url)
                server.startTLS = mail.startTLS
                server.certificateAuthorities = mail.certificateAuthorities
                server.connectTimeout = mail.connectTimeout
                server.timeout = mail.timeout
                return server
            } catch {
                throw ConfigurationError(problems: [.init(variable: "SMTP_URL", reason: error.reason)])
            }
        }
    }

    var mailSender: MailSender { MailSender(name: appName, address: mail.from) }
    var outboxDirectory: String { "\(dataDirectory)/outbox" }
}

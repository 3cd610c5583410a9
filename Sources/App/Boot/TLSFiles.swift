// The certificate and key that the server speaks TLS with: read at boot, and again on SIGHUP. Values; reading blocks on the disk.

import Logging
import Reactor

/// Where certificate and key are; both or neither.
struct TLSFiles: Sendable, Hashable {
    /// PEM: the server's certificate, then those that lead to an authority.
    var certificate: String?
    var key: String?

    var isOn: Bool { certificate != nil && key != nil }

    /// Nil where TLS is off. Blocks on the disk.
    /// - Throws: ``ConfigurationError``, naming the variable to blame.
    func load() throws(ConfigurationError) -> TLSContext? {
        guard let certificate, let key else { return nil }
        do throws(TLSConfigurationError) {
            return try TLSContext(certificateFile: certificate, keyFile: key)
        } catch {
            let (variable, what) = error.part == .privateKey ? ("TLS_KEY", "key of the certificate") : ("TLS_CERT", "certificate")
            throw ConfigurationError(problems: [
                .init(variable: variable, reason: "no \(what) can be read from the file: \(error.reason)")
            ])
        }
    }
}

/// Reads the files again for a running server.
struct CertificateReload: Sendable {
    let files: TLSFiles
    let server: HTTPServer
    /// Whose blocking pool reads.
    let loop: EventLoop
    let logger: Logger

    /// New connections get the new certificate, open ones keep theirs; with files that are not good everything stays as it is.
    func callAsFunction() async {
        do {
            guard let context = try await loop.runBlocking({ try files.load() }) else { return }
            await server.use(context)
            var fields: Logger.Metadata = [:]
            if let expiry = context.expiry { fields["certificate_expires"] = "\(expiry)" }
            logger.notice("certificates reloaded", metadata: fields)
        } catch {
            logger.error("certificates were not reloaded; the old ones stay in use", metadata: ["error": "\(error)"])
        }
    }
}

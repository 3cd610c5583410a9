// Certificates for tests, made by the openssl program when a test wants one: none is kept in the repository, so none expires.

import Foundation

/// A self-signed certificate for localhost and 127.0.0.1, with its key.
public struct TestCertificate: Sendable {
    public let certificateFile: String
    public let keyFile: String

    public struct Failed: Error, CustomStringConvertible {
        public let description: String
    }

    /// - Parameters:
    ///   - name: of the two files, and in the certificate's subject.
    ///   - passphrase: what the key is encrypted with.
    public static func make(in folder: String, name: String = "server", passphrase: String? = nil) throws -> TestCertificate {
        let certificate = TestCertificate(certificateFile: "\(folder)/\(name).crt", keyFile: "\(folder)/\(name).key")
        let openssl = Process()
        openssl.executableURL = URL(filePath: "/usr/bin/env")
        openssl.arguments =
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", "2", "-subj", "/CN=\(name)",
                "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", certificate.keyFile, "-out",
                certificate.certificateFile,
            ] + (passphrase.map { ["-passout", "pass:\($0)"] } ?? ["-nodes"])
        openssl.standardOutput = FileHandle.nullDevice
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        guard openssl.terminationStatus == 0 else { throw Failed(description: "openssl ended with \(openssl.terminationStatus)") }
        return certificate
    }
}

// What TLS sessions have in common: certificate and key of a server, or whom a client trusts. Immutable after its making, so that
// every loop shares it; new certificates are a new context, and sessions keep the one they began with.

import COpenSSL
import Glibc

/// An SSL_CTX with sane settings.
// SAFETY: an SSL_CTX counts its references atomically and locks what sessions change in it; nothing else changes it after `init`.
@safe
public final class TLSContext: @unchecked Sendable {
    public enum Role: Sendable {
        case server, client
    }

    public enum Version: Int32, Sendable, CaseIterable {
        // TLS1_2_VERSION and TLS1_3_VERSION of the library.
        case v1_2 = 0x0303
        case v1_3 = 0x0304
    }

    /// Whom a client believes.
    public enum Trust: Sendable {
        /// The system's authorities, and names as certificates have them.
        case system
        /// The authorities of a PEM file.
        case file(String)
        /// Anybody: for load generators and tests on one's own machine.
        case anybody
    }

    let context: OpaquePointer
    let role: Role
    /// Whether a client checks certificate and name.
    let isVerifying: Bool
    /// When a server's certificate ends; nil for a client.
    public let expiry: Timestamp?

    /// A server's context. Reads files: not on a loop that has something else to do.
    /// - Parameters:
    ///   - certificateFile: PEM, the server's certificate first, then those that lead to an authority.
    ///   - keyFile: PEM, not encrypted.
    public convenience init(certificateFile: String, keyFile: String) throws(TLSConfigurationError) {
        let context = try unsafe TLSContext.make(TLS_server_method())
        do throws(TLSConfigurationError) {
            try unsafe TLSContext.load(certificateFile: certificateFile, keyFile: keyFile, into: context)
        } catch {
            unsafe SSL_CTX_free(context)
            throw error
        }
        // One ticket resumes one connection (RFC 8446 C.4), and most clients open one at a time.
        unsafe SSL_CTX_set_num_tickets(context, 1)
        unsafe SSL_CTX_set_alpn_select_cb(context, selectProtocol, nil)
        let certificate = unsafe SSL_CTX_get0_certificate(context)
        unsafe self.init(context, role: .server, isVerifying: false, expiry: TLSContext.expiry(of: certificate))
    }

    /// A client's context.
    /// - Parameter versions: for tests of a server's; both without it.
    public convenience init(trusting trust: Trust, versions: Set<Version> = [.v1_2, .v1_3]) throws(TLSConfigurationError) {
        let context = try unsafe TLSContext.make(TLS_client_method())
        let numbers = versions.map(\.rawValue)
        unsafe reactor_ssl_ctx_versions(context, numbers.min() ?? 0, numbers.max() ?? 0)
        let isLoaded =
            switch trust {
            case .system: unsafe SSL_CTX_set_default_verify_paths(context) == 1
            case .file(let path): unsafe SSL_CTX_load_verify_locations(context, path, nil) == 1
            case .anybody: true
            }
        guard isLoaded else {
            let reason = TLSErrorQueue.cause().reason
            unsafe SSL_CTX_free(context)
            throw TLSConfigurationError(part: .authorities, reason: reason)
        }
        let isVerifying = if case .anybody = trust { false } else { true }
        unsafe SSL_CTX_set_verify(context, isVerifying ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nil)
        // A length and a name each (RFC 7301 3.1); zero is success, for once.
        let protocols: [UInt8] = [8] + Array("http/1.1".utf8)
        _ = unsafe SSL_CTX_set_alpn_protos(context, protocols, UInt32(protocols.count))
        unsafe self.init(context, role: .client, isVerifying: isVerifying, expiry: nil)
    }

    private init(_ context: OpaquePointer, role: Role, isVerifying: Bool, expiry: Timestamp?) {
        unsafe self.context = context
        self.role = role
        self.isVerifying = isVerifying
        self.expiry = expiry
    }

    deinit {
        // Sessions that live on have references of their own.
        unsafe SSL_CTX_free(context)
    }

    private static func make(_ method: OpaquePointer?) throws(TLSConfigurationError) -> OpaquePointer {
        TLSErrorQueue.clear()
        guard let context = unsafe SSL_CTX_new(method) else {
            throw TLSConfigurationError(part: .library, reason: TLSErrorQueue.cause().reason)
        }
        unsafe reactor_ssl_ctx_harden(context)
        // TLS 1.2 with forward secrecy and authenticated encryption only; 1.3 has nothing else.
        guard unsafe SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 else {
            unsafe SSL_CTX_free(context)
            throw TLSConfigurationError(part: .library, reason: TLSErrorQueue.cause().reason)
        }
        return unsafe context
    }

    private static func load(
        certificateFile: String, keyFile: String, into context: OpaquePointer
    ) throws(TLSConfigurationError) {
        // Without it OpenSSL asks the terminal for the passphrase of an encrypted key.
        unsafe SSL_CTX_set_default_passwd_cb(context, noPassphrase)
        guard unsafe SSL_CTX_use_certificate_chain_file(context, certificateFile) == 1 else {
            throw TLSConfigurationError(part: .certificate, reason: TLSErrorQueue.cause().reason)
        }
        guard unsafe SSL_CTX_use_PrivateKey_file(context, keyFile, SSL_FILETYPE_PEM) == 1,
            unsafe SSL_CTX_check_private_key(context) == 1
        else { throw TLSConfigurationError(part: .privateKey, reason: TLSErrorQueue.cause().reason) }
    }

    private static func expiry(of certificate: OpaquePointer?) -> Timestamp? {
        var moment = tm()
        guard let end = unsafe X509_get0_notAfter(certificate), unsafe ASN1_TIME_to_tm(end, &moment) == 1 else { return nil }
        return Timestamp(seconds: Int64(unsafe timegm(&moment)))
    }
}

// MARK: - C callbacks

/// Chooses HTTP/1.1 among what a client offers; a client that wants something else only is told so (RFC 7301 3.2).
private func selectProtocol(
    _ ssl: OpaquePointer?, _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?, _ chosenLength: UnsafeMutablePointer<UInt8>?,
    _ offered: UnsafePointer<UInt8>?, _ offeredLength: UInt32, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let offered = unsafe offered, let chosen = unsafe chosen, let chosenLength = unsafe chosenLength else {
        return SSL_TLSEXT_ERR_NOACK
    }
    let list = unsafe UnsafeBufferPointer(start: offered, count: Int(offeredLength))
    var position = 0
    while position < list.count {
        let length = Int(unsafe list[position])
        let name = position + 1
        guard length > 0, name + length <= list.count else { break }
        if unsafe list[name..<(name + length)].elementsEqual("http/1.1".utf8) {
            // SAFETY: OpenSSL copies the name before the client's list goes.
            unsafe chosen.pointee = offered + name
            unsafe chosenLength.pointee = UInt8(length)
            return SSL_TLSEXT_ERR_OK
        }
        position = name + length
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
}

private func noPassphrase(
    _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int32, _ isForWriting: Int32, _ context: UnsafeMutableRawPointer?
) -> Int32 { -1 }

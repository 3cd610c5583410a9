// What becomes of certificate and key files, good ones and others.

import Reactor
import TestSupport
import Testing

@Suite struct TLSContextTests {
    @Test func aPairOfFilesIsAServersContext() async throws {
        try await withTemporaryFolder { folder in
            let pair = try TestCertificate.make(in: folder)
            let context = try TLSContext(certificateFile: pair.certificateFile, keyFile: pair.keyFile)
            let expiry = try #require(context.expiry)
            let secondsLeft = expiry.seconds - Timestamp.now().seconds
            #expect((86_400...2 * 86_400).contains(secondsLeft))
        }
    }

    @Test func whatIsWrongWithTheFilesIsSaidOfTheRightOne() async throws {
        try await withTemporaryFolder { folder in
            let pair = try TestCertificate.make(in: folder)
            let other = try TestCertificate.make(in: folder, name: "other")
            let locked = try TestCertificate.make(in: folder, name: "locked", passphrase: "secret")
            func part(_ certificate: String, _ key: String) -> TLSConfigurationError? {
                do throws(TLSConfigurationError) {
                    _ = try TLSContext(certificateFile: certificate, keyFile: key)
                    return nil
                } catch {
                    return error
                }
            }
            let missing = part("\(folder)/nothing", pair.keyFile)
            #expect(missing?.part == .certificate)
            #expect(missing?.reason == "No such file or directory")
            #expect(part(pair.certificateFile, "\(folder)/nothing")?.part == .privateKey)
            #expect(part(pair.certificateFile, other.keyFile)?.part == .privateKey)
            #expect(part(pair.keyFile, pair.keyFile)?.part == .certificate)
            #expect(part(pair.certificateFile, pair.certificateFile)?.part == .privateKey)
            // Nobody is there to be asked for a passphrase.
            #expect(part(locked.certificateFile, locked.keyFile)?.part == .privateKey)
        }
    }

    @Test func aClientWithoutAuthoritiesIsNone() {
        #expect(throws: TLSConfigurationError.self) { try TLSContext(trusting: .file("/nonexistent/authorities.pem")) }
    }
}

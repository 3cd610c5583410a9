// Keys by configuration, from the variable to the token: what is published, what still verifies after a restart, what is refused.

import Actors
import FoundationEssentials
import JWTKit
import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct KeyRotationTests {
    /// The claims that another service would look at.
    private struct Claims: JWTPayload {
        let sub: String
        let iss: String
        let exp: ExpirationClaim

        func verify(using algorithm: some JWTAlgorithm) async throws { try exp.verifyNotExpired() }
    }

    // MARK: Published

    @Test(arguments: TokenKeyTests.algorithms)
    func othersVerifyOurTokensWithThePublishedKeys(_ algorithm: TokenKeys.Algorithm) async throws {
        let (current, previous) = (try TokenKeyTests.random(algorithm), try TokenKeyTests.random(algorithm))
        try await TestApp.run(on: TestSetup(way: .socket)) { configuration in
            configuration.auth.algorithm = algorithm
            configuration.auth.privateKey = current.pem
            configuration.auth.previousKeys = [previous.pem]
        } _: { app in
            let answer = try await app.client.get("/.well-known/jwks.json")
            #expect(answer.status == 200)
            #expect(answer.header("Cache-Control") == "public, max-age=300")
            #expect(answer.header("Content-Type") == "application/json")
            #expect(answer.json["keys"]?.array?.compactMap { $0["kid"]?.string } == [current.publicKey.jwk.id, previous.publicKey.jwk.id])
            for key in answer.json["keys"]?.array ?? [] {
                #expect(key["d"] == nil)
                #expect(key["use"] == "sig")
            }
            let collection = try await JWTKeyCollection().add(jwksJSON: answer.text)
            let user = try await app.registered("ada")
            let claims = try await collection.verify(try #require(user.token), as: Claims.self)
            #expect(claims.sub == "1")
            #expect(claims.iss == "reactor")
            try await #expect(user.get("/auth/me").status == 200)
            let tag = try #require(answer.header("ETag"))
            try await #expect(app.client.get("/.well-known/jwks.json", ["If-None-Match": tag]).status == 304)
            try await #expect(app.client.get("/api/v1/.well-known/jwks.json").status == 404)
        }
    }

    @Test func aSharedSecretIsNotPublished() async throws {
        try await TestApp.run { app in
            let answer = try await app.client.get("/.well-known/jwks.json")
            #expect(answer.text == "{\"keys\":[]}")
        }
    }

    // MARK: Rotated

    /// The same database, served by another process with another configuration.
    private static func restarted(
        _ app: TestApp, _ configure: (inout AppConfiguration) -> Void, _ body: @escaping @Sendable (TestClient) async throws -> Void
    ) async throws {
        var configuration = app.backend.configuration
        configure(&configuration)
        let next = configuration
        let logger = app.backend.logger
        try await EventLoopGroup.withGroup(loops: 1) { group in
            let loop = group.loops[0]
            let backend = try await Backend(on: group, next, logger: logger)
            let work = Task(executorPreference: loop) {
                try await loop.isolation.run { _ in
                    let application = try Routes.application(backend, on: loop)
                    try await body(TestClient(transport: InMemoryTransport(application: application, loop: loop)))
                }
            }
            let result = await work.result
            await backend.shutdown()
            try result.get()
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aChangeOfTheSecretLogsNobodyOutWhileThePreviousOneIsKept(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let old = app.backend.configuration.auth.secretKey
            let token = try await app.registered("ada").token
            try await Self.restarted(app) {
                $0.auth.secretKey = "another secret of thirty-two bytes or more"
                $0.auth.previousSecretKeys = [old]
            } _: { client in
                try await #expect(client.with(token: token).get("/auth/me").status == 200)
                let login = try await client.post(
                    "/auth/login", json: ["username": "ada@example.com", "password": .string(TestApp.password)])
                let next = try #require(login.json["access_token"]?.string)
                let ids = try [next, try #require(token)].map { try CompactToken(parsing: $0).header["kid"] }
                #expect(ids[0] != ids[1])
                try await #expect(client.with(token: next).get("/auth/me").status == 200)
            }
            try await Self.restarted(app) {
                $0.auth.secretKey = "another secret of thirty-two bytes or more"
            } _: { client in
                let refused = try await client.with(token: token).get("/auth/me")
                #expect(refused.status == 401)
                #expect(refused.code == "INVALID_TOKEN")
            }
        }
    }

    @Test(arguments: TokenKeyTests.algorithms)
    func aChangeOfTheKeyPairLogsNobodyOutWhileThePreviousOneIsKept(_ algorithm: TokenKeys.Algorithm) async throws {
        let (first, second) = (try TokenKeyTests.random(algorithm), try TokenKeyTests.random(algorithm))
        try await TestApp.run { configuration in
            configuration.auth.algorithm = algorithm
            configuration.auth.privateKey = first.pem
        } _: { app in
            let token = try await app.registered("ada").token
            try await Self.restarted(app) {
                $0.auth.privateKey = second.pem
                $0.auth.previousKeys = [first.pem]
            } _: { client in
                try await #expect(client.with(token: token).get("/auth/me").status == 200)
            }
            try await Self.restarted(app) {
                $0.auth.privateKey = second.pem
            } _: { client in
                try await #expect(client.with(token: token).get("/auth/me").status == 401)
            }
            // Another algorithm, whatever keys there are.
            try await Self.restarted(app) {
                $0.auth.algorithm = .hs256
            } _: { client in
                try await #expect(client.with(token: token).get("/auth/me").status == 401)
            }
        }
    }

    // MARK: Configured

    private func loaded(_ environment: [String: String]) throws -> LoadedConfiguration {
        var loaded = try ConfigurationLoader(environment: environment).load()
        try ConfigurationRules.check(loaded.configuration)
        try loaded.keepSecret()
        return loaded
    }

    /// The variables that a start is refused for.
    private func refused(_ environment: [String: String]) async -> [String] {
        do {
            _ = try await loaded(environment).configuration.auth.tokenKeys
            return []
        } catch let error as ConfigurationError {
            for secret in ["BEGIN", "hunter2hunter2"] { #expect(!error.description.contains(secret)) }
            return error.problems.map(\.variable)
        } catch {
            return ["\(error)"]
        }
    }

    @Test(arguments: TokenKeyTests.algorithms)
    func developmentMakesAKeyPairAndKeepsIt(_ algorithm: TokenKeys.Algorithm) async throws {
        try await withTemporaryFolder { folder in
            let environment = ["JWT_ALGORITHM": algorithm.rawValue, "DATA_DIR": folder]
            let first = try loaded(environment)
            #expect(first.origins["JWT_PRIVATE_KEY"] == .generated)
            try #expect(permissions(of: "\(folder)/\(SigningKeyPair.fileName(algorithm))") == 0o600)
            let second = try loaded(environment)
            let ids = [
                try await first.configuration.auth.tokenKeys.currentID, try await second.configuration.auth.tokenKeys.currentID,
            ]
            #expect(ids[0] == ids[1])
        }
    }

    @Test func keysComeFromFilesOrFromTheEnvironment() async throws {
        try await withTemporaryFolder { folder in
            let key = TokenKeyTests.ofOpenSSL
            let id = try PublicTokenKey(.es256, pem: key.publicKey).jwk.id
            try DurableFile.write(Array(key.sec1.utf8), directory: folder, name: "current.pem")
            let old = try TokenKeyTests.random(.es256)
            try DurableFile.write(Array(old.pem.utf8), directory: folder, name: "old.pem")
            // As secrets are mounted.
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/linked.pem", withDestinationPath: "\(folder)/current.pem")
            for file in ["current.pem", "linked.pem"] {
                let keys = try await loaded([
                    "JWT_ALGORITHM": "es256", "JWT_PRIVATE_KEY_FILE": "\(folder)/\(file)", "JWT_PREVIOUS_KEY_FILES": "\(folder)/old.pem",
                    "DATA_DIR": folder,
                ]).configuration.auth.tokenKeys
                #expect(keys.publicKeys.map(\.id) == [id, old.publicKey.jwk.id])
            }
            for text in [key.pkcs8, key.pkcs8.replacing("\n", with: "\\n")] {
                let keys = try await loaded(["JWT_ALGORITHM": "ES256", "JWT_PRIVATE_KEY": text, "DATA_DIR": folder])
                    .configuration.auth.tokenKeys
                #expect(keys.currentID == id)
            }
        }
    }

    @Test func aKeyThatIsNoneIsRefusedByItsVariable() async throws {
        try await withTemporaryFolder { folder in
            let pem = TokenKeyTests.ofOpenSSL.pkcs8
            try DurableFile.write(Array(TokenKeyTests.ed25519OfOpenSSL.pkcs8.utf8), directory: folder, name: "other.pem")
            func refused(_ variables: [String: String]) async -> [String] {
                await self.refused(variables.merging(["JWT_ALGORITHM": "ES256", "DATA_DIR": folder]) { old, _ in old })
            }
            await #expect(refused(["JWT_PRIVATE_KEY": pem]) == [])
            await #expect(refused(["JWT_PRIVATE_KEY": "hunter2hunter2"]) == ["JWT_PRIVATE_KEY"])
            await #expect(refused(["JWT_PRIVATE_KEY_FILE": "\(folder)/none.pem"]) == ["JWT_PRIVATE_KEY_FILE"])
            await #expect(refused(["JWT_PRIVATE_KEY_FILE": folder]) == ["JWT_PRIVATE_KEY_FILE"])
            await #expect(refused(["JWT_PRIVATE_KEY_FILE": "\(folder)/other.pem"]) == ["JWT_PRIVATE_KEY_FILE"])
            await #expect(refused(["JWT_PRIVATE_KEY_FILE": "\(folder)/other.pem", "JWT_PRIVATE_KEY": pem]) == ["JWT_PRIVATE_KEY"])
            await #expect(
                refused(["JWT_PRIVATE_KEY": pem, "JWT_PREVIOUS_KEY_FILES": "\(folder)/other.pem"]) == ["JWT_PREVIOUS_KEY_FILES"])
            await #expect(refused(["JWT_ALGORITHM": "none"]) == ["JWT_ALGORITHM"])
        }
    }

    @Test func productionWantsAKeyOfItsOwn() async throws {
        try await withTemporaryFolder { folder in
            let secret = "kJ8#vN2$pQ9!xR4@mT7&wZ1^cF5*hL3%"
            let production = ["APP_ENV": "production", "DATA_DIR": folder]
            func refused(_ variables: [String: String]) async -> [String] {
                await self.refused(production.merging(variables) { $1 })
            }
            await #expect(refused(["JWT_ALGORITHM": "ES256", "SECRET_KEY": secret]) == ["JWT_PRIVATE_KEY_FILE"])
            await #expect(refused(["JWT_ALGORITHM": "EdDSA"]) == ["SECRET_KEY", "JWT_PRIVATE_KEY_FILE"])
            let pem = TokenKeyTests.ed25519OfOpenSSL.pkcs8
            await #expect(refused(["JWT_ALGORITHM": "EdDSA", "JWT_PRIVATE_KEY": pem, "SECRET_KEY": secret]) == [])
            // The secret is for more than tokens.
            await #expect(refused(["JWT_ALGORITHM": "EdDSA", "JWT_PRIVATE_KEY": pem]) == ["SECRET_KEY"])
            await #expect(refused(["SECRET_KEY": secret, "SECRET_KEY_PREVIOUS": "hunter2hunter2"]) == ["SECRET_KEY_PREVIOUS"])
            await #expect(refused(["SECRET_KEY": secret, "SECRET_KEY_PREVIOUS": "[\"\(secret)\"]"]) == [])
            await #expect(refused(["JWT_ALGORITHM": "HS256"]) == ["SECRET_KEY"])
        }
    }

    @Test func theReportShowsNoKey() throws {
        let loaded = try ConfigurationLoader(environment: [
            "SECRET_KEY_PREVIOUS": "hunter2hunter2,hunter3", "JWT_PRIVATE_KEY": TokenKeyTests.ofOpenSSL.pkcs8,
        ]).load()
        let report = ConfigurationReport.effective(loaded)
        #expect(!report.contains("hunter"))
        #expect(!report.contains("BEGIN"))
        #expect(report.contains("SECRET_KEY_PREVIOUS=********"))
        try #expect(ConfigurationReport.effective(ConfigurationLoader().load()).contains("SECRET_KEY_PREVIOUS=  (default)"))
    }
}

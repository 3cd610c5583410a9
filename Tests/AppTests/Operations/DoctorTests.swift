// What the doctor finds.

import Actors
@testable import App
import Reactor
import TestSupport
import Testing

@Suite struct DoctorTests {
    @Test(arguments: TestSetup.all)
    func aRunningSystemIsHealthy(_ setup: TestSetup) async throws {
        guard setup.way == .memory else { return }
        try await TestApp.run(on: setup) { app in
            let findings = await Doctor(configuration: app.backend.configuration, loop: app.loop).examine()
            #expect(findings.isHealthy, "\(findings)")
            let levels = DoctorTests.levels(findings)
            for check in [
                "configuration", "secret", "data folder", "database", "migrations", "schema", "file types", "descriptors", "port",
            ] {
                #expect(levels[check] == .ok, "\(check): \(findings)")
            }
            if setup.database == .postgres { #expect(levels["clock"] == .ok) }
            if TestRedis.isAvailable { #expect(levels["redis"] == .ok) }
        }
    }

    @Test func whatFailsIsNamedWithAHint() async throws {
        try await EventLoopGroup.withGroup(loops: 1) { group in
            let loop = group.loops[0]
            var configuration = AppConfiguration(for: .development)
            configuration.dataDirectory = "/proc/nowhere"
            configuration.database.url = "postgres://nobody@127.0.0.1:1/none"
            configuration.redis.url = "redis://127.0.0.1:1"
            configuration.mail.url = "smtp://127.0.0.1:1"
            configuration.auth.secretKey = "short"
            configuration.server.host = "192.0.2.1"
            let checked = configuration
            let findings = await Task(executorPreference: loop) { await Doctor(configuration: checked, loop: loop).examine() }.value
            #expect(!findings.isHealthy)
            let levels = DoctorTests.levels(findings)
            #expect(levels["database"] == .fail)
            #expect(levels["redis"] == .fail)
            #expect(levels["mail"] == .fail)
            #expect(levels["port"] == .fail)
            #expect(levels["secret"] == .warn)
            #expect(findings.allSatisfy { $0.level == .ok || $0.hint != nil })
            #expect(findings.json["status"]?.string == "fail")
            // Nothing of a URL's password, and the secret not at all.
            #expect(!String(decoding: findings.json.serialized, as: UTF8.self).contains("short\""))
        }
    }

    @Test func withoutLibmagicsDatabaseAPackageIsNamed() {
        let finding = Doctor.fileTypes(.failure(MagicError.noDatabase))
        #expect(finding.level == .fail)
        #expect(finding.hint?.contains("libmagic-mgc") == true)
        #expect(Doctor.fileTypes(.failure(MagicError.failed(code: 12))).level == .fail)
        #expect(Doctor.fileTypes(.success("application/x-empty")).level == .ok)
    }

    @Test func whatAKilledDoctorLeftIsNotInTheWay() async throws {
        try await withTemporaryFolder { folder in
            try await EventLoopGroup.withGroup(loops: 1) { group in
                try DurableFile.write([], directory: folder, name: ".doctor.partial")
                var configuration = AppConfiguration(for: .development)
                configuration.dataDirectory = folder
                let (checked, loop) = (configuration, group.loops[0])
                let findings = await Task(executorPreference: loop) { await Doctor(configuration: checked, loop: loop).examine() }.value
                #expect(DoctorTests.levels(findings)["data folder"] == .ok)
                try #expect(DurableFile.list(folder).map(\.name) == [".doctor.partial"])
            }
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func aServerThatListensIsNoticed(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            guard case .ip(let host, let port)? = app.address else { return }
            var configuration = app.backend.configuration
            configuration.server.host = host
            configuration.server.port = port
            let finding = await Doctor(configuration: configuration, loop: app.loop).port()
            #expect(finding.level == .warn)
        }
    }

    @Test(arguments: TestSetup.overSockets)
    func pendingMigrationsAndAChangedSchemaAreFound(_ setup: TestSetup) async throws {
        try await TestApp.run(on: setup) { app in
            let doctor = Doctor(configuration: app.backend.configuration, loop: app.loop)
            try await app.services.database.script("CREATE TABLE extra (id integer)")
            #expect(DoctorTests.levels(await doctor.database())["schema"] == .ok)
            try await app.services.database.script("DROP INDEX users_email_key")
            #expect(DoctorTests.levels(await doctor.database())["schema"] == .warn)
            _ = try await app.services.database.execute(.write("DELETE FROM schema_migrations WHERE version > 1"), [])
            #expect(DoctorTests.levels(await doctor.database())["migrations"] == .warn)
            var production = doctor.configuration
            production.environment = .production
            #expect(DoctorTests.levels(await Doctor(configuration: production, loop: app.loop).database())["migrations"] == .fail)
            _ = try await app.services.database.execute(.write("UPDATE schema_migrations SET checksum = 'x'"), [])
            #expect(DoctorTests.levels(await doctor.database())["migrations"] == .fail)
        }
    }

    @Test func aDatabaseThatIsNotThereIsNotMade() async throws {
        try await withTemporaryFolder { folder in
            try await EventLoopGroup.withGroup(loops: 1) { group in
                var configuration = AppConfiguration(for: .development)
                configuration.dataDirectory = folder
                let checked = configuration
                let loop = group.loops[0]
                let findings = await Task(executorPreference: loop) { await Doctor(configuration: checked, loop: loop).examine() }.value
                #expect(DoctorTests.levels(findings)["database"] == .warn)
                try #expect(DurableFile.list(folder).isEmpty)
            }
        }
    }

    private static func levels(_ findings: [Finding]) -> [String: Finding.Level] {
        Dictionary(findings.map { ($0.check, $0.level) }) { max($0, $1) }
    }
}

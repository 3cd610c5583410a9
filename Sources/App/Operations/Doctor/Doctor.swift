// reactor doctor: what an operator would look at before a start, or when something is wrong. On one loop; changes nothing and leaves
// nothing behind.

import Actors
import Reactor

/// All checks of a valid configuration.
struct Doctor: Sendable {
    let configuration: AppConfiguration
    let loop: EventLoop

    /// In the order in which things depend on each other.
    func examine() async -> [Finding] {
        var findings = [configurationFinding, secretFinding]
        findings.append(await dataFolder())
        findings += await database()
        if let redis = await redis() { findings.append(redis) }
        if let mail = await mail() { findings.append(mail) }
        if let certificate = await certificate() { findings.append(certificate) }
        findings += [await fileTypes(), await docs(), descriptors(), await port()]
        return findings
    }

    // MARK: Configuration

    private var configurationFinding: Finding {
        .ok("configuration", "valid, for \(configuration.environment.rawValue)")
    }

    private var secretFinding: Finding {
        guard configuration.auth.algorithm == .hs256 else {
            return .ok("secret", "tokens are signed by a private key, \(configuration.auth.algorithm.rawValue)")
        }
        let isDevelopment = configuration.environment == .development
        if isDevelopment, configuration.auth.secretKey.isEmpty {
            return .ok("secret", "made at the first start, and kept in the data folder")
        }
        if let weakness = ConfigurationRules.weakness(ofSecret: configuration.auth.secretKey) {
            return .warn("secret", "SECRET_KEY: \(weakness)", hint: "openssl rand -base64 48; production refuses this one")
        }
        return .ok("secret", "\(configuration.auth.secretKey.utf8.count) bytes")
    }

    // MARK: Disk

    /// Below the first there is no room for a day's logs and uploads, below the second not even for the next few.
    private static let lowDiskBytes = 256 << 20
    private static let noDiskBytes = 16 << 20

    private func dataFolder() async -> Finding {
        let path = configuration.dataDirectory
        let result = try? await loop.runBlocking { Result { () throws(FileError) in try Doctor.probe(path) } }
        switch result {
        case .success(nil)?: return .ok("data folder", "\(path) is made at the first start")
        case .success(let free?)?:
            let detail = "\(path) can be written, \(free >> 20) MiB free"
            if free < Doctor.noDiskBytes { return .fail("data folder", detail, hint: "make room: uploads and the database need it") }
            if free < Doctor.lowDiskBytes { return .warn("data folder", detail, hint: "make room soon") }
            return .ok("data folder", detail)
        case .failure(let error)?:
            return .fail("data folder", "\(path): \(error)", hint: "make it a folder that this user can write, or set DATA_DIR")
        case nil: return .fail("data folder", "\(path) cannot be looked at", hint: "set DATA_DIR")
        }
    }

    /// The bytes that are free; nil where the folder is not there yet. Blocks.
    private static func probe(_ path: String) throws(FileError) -> Int? {
        do throws(FileError) {
            let free = try DiskSpace.of(path).availableBytes
            // Dropped at once: what it begins is never a file.
            try DurableFileWriter(directory: path, name: DurableFileWriter.uniqueStem(for: "doctor")).discard()
            return free
        } catch {
            guard error.isNotFound else { throw error }
            return nil
        }
    }

    // MARK: Around

    /// Without libmagic's database every upload fails.
    private func fileTypes() async -> Finding {
        do {
            return Doctor.fileTypes(.success(try await loop.runBlocking { try MagicDatabase.mediaType(of: []) }))
        } catch {
            return Doctor.fileTypes(.failure(error))
        }
    }

    /// - Parameter answer: what libmagic says of no bytes at all.
    static func fileTypes(_ answer: Result<String, any Error>) -> Finding {
        let check = "file types"
        switch answer {
        case .success: return .ok(check, "libmagic finds its database")
        case .failure(MagicError.noDatabase):
            return .fail(
                check, "libmagic finds no database of its version: no upload would be accepted",
                hint: "install it (Debian: libmagic-mgc), or say where it is with MAGIC")
        case .failure(let error):
            return .fail(check, "\(error): no upload would be accepted", hint: "install libmagic anew (Debian: libmagic1, libmagic-mgc)")
        }
    }

    private func docs() async -> Finding {
        let docs = await DocsAssets.load(from: configuration.docsAssetsDirectory, on: loop)
        guard docs.hasSwaggerUI, docs.hasReDoc else {
            return .warn(
                "docs", "\(docs.hasSwaggerUI ? "ReDoc" : "Swagger UI") is not there",
                hint: "scripts/fetch-docs-assets, or set DOCS_ASSETS_DIR; /openapi.json is served without")
        }
        return .ok("docs", "Swagger UI and ReDoc are there")
    }

    private func descriptors() -> Finding {
        ProcessLimits.raiseFileDescriptorLimit()
        let limit = ProcessLimits.maxFileDescriptors
        let wanted = configuration.server.maxConnections ?? 1_000
        if limit < wanted + 64 {
            return .warn(
                "descriptors", "\(limit) may be open", hint: "raise it (ulimit -n, LimitNOFILE=): a connection takes one")
        }
        let connections = configuration.server.maxConnections ?? ProcessLimits.defaultMaxConnections
        return .ok("descriptors", "\(limit) may be open, for \(connections) connections")
    }

    private func certificate() async -> Finding? {
        let files = configuration.server.tls
        guard files.isOn else { return nil }
        do {
            _ = try await loop.runBlocking { try files.load() }
            return .ok("certificate", "\(files.certificate ?? "") and its key belong together")
        } catch {
            return .fail("certificate", "\(error)", hint: "look at TLS_CERT and TLS_KEY")
        }
    }
}

// The keys of ES256 and EdDSA: read from the files that the configuration names, or made once and kept in the data folder, which
// is development's way. Blocks on the disk; runs at boot, before there are loops.

import FoundationEssentials
import Reactor

extension LoadedConfiguration {
    /// Completes the configuration with the texts of the key files, and with a key of development's own where none is set.
    /// - Throws: ``ConfigurationError`` for files that cannot be read, and where the data folder cannot be written.
    mutating func readKeyPairs() throws(ConfigurationError) {
        let auth = configuration.auth
        guard !auth.algorithm.isSymmetric else { return }
        if let file = auth.privateKeyFile {
            guard auth.privateKey.isEmpty else {
                throw ConfigurationError(problems: [
                    .init(variable: "JWT_PRIVATE_KEY", reason: "JWT_PRIVATE_KEY_FILE is set too; set one of them")
                ])
            }
            configuration.auth.privateKey = try SigningKeyPair.text(of: file, variable: "JWT_PRIVATE_KEY_FILE")
        } else if auth.privateKey.isEmpty {
            do throws(FileError) {
                configuration.auth.privateKey = try SigningKeyPair.keptOrNew(auth.algorithm, in: configuration.dataDirectory)
            } catch {
                throw ConfigurationError(problems: [.init(variable: "DATA_DIR", reason: "no key can be kept there: \(error)")])
            }
            origins["JWT_PRIVATE_KEY"] = .generated
        }
        configuration.auth.previousKeys = try auth.previousKeyFiles.map { file throws(ConfigurationError) in
            try SigningKeyPair.text(of: file, variable: "JWT_PREVIOUS_KEY_FILES")
        }
    }
}

/// `DATA_DIR/jwt_es256.pem` and its kin, readable by their owner alone.
enum SigningKeyPair {
    static func fileName(_ algorithm: TokenKeys.Algorithm) -> String { "jwt_\(algorithm.rawValue.lowercased()).pem" }

    /// The kept key, or a new one that is kept from now on.
    static func keptOrNew(_ algorithm: TokenKeys.Algorithm, in directory: String) throws(FileError) -> String {
        if let kept = try kept(fileName(algorithm), in: directory) { return kept }
        guard let key = PrivateTokenKey.random(algorithm) else { return "" }
        try DurableFile.createDirectory(directory)
        try DurableFile.write(Array("\(key.pem)\n".utf8), directory: directory, name: fileName(algorithm))
        return key.pem
    }

    private static func kept(_ name: String, in directory: String) throws(FileError) -> String? {
        let reader: FileReader
        do throws(FileError) {
            reader = try FileReader(path: "\(directory)/\(name)")
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
        let text = String(decoding: try reader.read(offset: 0, count: maxBytes), as: UTF8.self).trimmed
        return text.isEmpty ? nil : String(text)
    }

    private static let maxBytes = 65_536

    /// The text of a file that the operator named. Symbolic links are followed: that is how secrets are mounted.
    fileprivate static func text(of path: String, variable: String) throws(ConfigurationError) -> String {
        guard let data = FileManager.default.contents(atPath: path), data.count <= maxBytes else {
            throw ConfigurationError(problems: [.init(variable: variable, reason: "\"\(path)\" cannot be read, or is no key")])
        }
        return String(decoding: data, as: UTF8.self)
    }
}

extension AppConfiguration.Auth {
    /// The keys that tokens are signed and verified with.
    /// - Throws: ``ConfigurationError`` for texts that are no keys of the algorithm; quotes none of them.
    var tokenKeys: TokenKeys {
        get async throws {
            guard !algorithm.isSymmetric else {
                return try await TokenKeys(algorithm, secret: secretKey, previousSecrets: previousSecretKeys)
            }
            let key: PrivateTokenKey
            do throws(InvalidTokenKey) {
                // One line in an environment: the line breaks are written \n there.
                key = try PrivateTokenKey(algorithm, pem: privateKey.replacing("\\n", with: "\n"))
            } catch {
                let variable = privateKeyFile == nil ? "JWT_PRIVATE_KEY" : "JWT_PRIVATE_KEY_FILE"
                throw ConfigurationError(problems: [.init(variable: variable, reason: error.reason)])
            }
            var previous: [PublicTokenKey] = []
            for (index, pem) in previousKeys.enumerated() {
                do throws(InvalidTokenKey) {
                    previous.append(try PublicTokenKey(algorithm, pem: pem))
                } catch {
                    let file = previousKeyFiles.indices.contains(index) ? "\"\(previousKeyFiles[index])\": " : ""
                    throw ConfigurationError(problems: [.init(variable: "JWT_PREVIOUS_KEY_FILES", reason: file + error.reason)])
                }
            }
            return try await TokenKeys(key, previousKeys: previous)
        }
    }
}

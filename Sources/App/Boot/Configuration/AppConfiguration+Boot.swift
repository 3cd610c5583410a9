// The whole way to a configuration: files and environment are read here, and only here. Blocks on the disk; runs at boot.

import FoundationEssentials
import Reactor

extension LoadedConfiguration {
    /// Reads flags, environment and .env file, and checks them.
    /// - Parameters:
    ///   - flags: by the setting's name.
    ///   - file: the path of the .env file; a missing one is empty unless `isFileRequired`.
    /// - Throws: ``ConfigurationError``.
    static func atBoot(
        flags: [String: String], file: String, isFileRequired: Bool
    ) throws(ConfigurationError) -> LoadedConfiguration {
        let loaded = try ConfigurationLoader(
            flags: flags, environment: ProcessInfo.processInfo.environment,
            file: try environmentFile(file, isRequired: isFileRequired)
        ).load()
        try ConfigurationRules.check(loaded.configuration)
        return loaded
    }

    /// Completes the configuration with the keys that files hold, and with those that development keeps where none is set.
    /// - Throws: ``ConfigurationError`` where the data folder cannot be written.
    mutating func keepSecret() throws(ConfigurationError) {
        try readKeyPairs()
        guard configuration.auth.secretKey.isEmpty else { return }
        do throws(FileError) {
            configuration.auth.secretKey = try SigningSecret.keptOrNew(in: configuration.dataDirectory)
        } catch {
            throw ConfigurationError(problems: [.init(variable: "DATA_DIR", reason: "no secret can be kept there: \(error)")])
        }
        origins["SECRET_KEY"] = .generated
    }

    private static func environmentFile(_ path: String, isRequired: Bool) throws(ConfigurationError) -> [String: String] {
        let text: String
        do throws(FileError) {
            let reader = try FileReader(path: path)
            text = String(decoding: try reader.read(offset: 0, count: 1 << 20), as: UTF8.self)
        } catch {
            if error.isNotFound, !isRequired { return [:] }
            throw ConfigurationError(problems: [.init(variable: path, reason: "it cannot be read: \(error)")])
        }
        do throws(EnvironmentFile.SyntaxError) {
            return try EnvironmentFile.parse(text)
        } catch {
            // The line itself may hold a secret.
            throw ConfigurationError(problems: [.init(variable: path, reason: "line \(error.line) is not NAME=value")])
        }
    }
}

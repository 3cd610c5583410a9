// The secret that development signs tokens with: made once, kept in the data folder, so that a restart logs nobody out. Blocks on
// the disk; runs at boot, before there are loops.

import Reactor

/// `DATA_DIR/secret_key`, readable by its owner alone.
enum SigningSecret {
    static let fileName = "secret_key"

    /// The kept secret, or a new one that is kept from now on.
    ///
    /// Two first starts at the same moment may each make one; the file's is what counts from the next start on.
    static func keptOrNew(in directory: String) throws(FileError) -> String {
        if let kept = try kept(in: directory) { return kept }
        try DurableFile.createDirectory(directory)
        // Swift's system generator is getrandom(2) on Linux: fit for keys.
        var generator = SystemRandomNumberGenerator()
        let secret = (0..<32).map { _ in
            let digits = String(UInt8.random(in: .min ... .max, using: &generator), radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
        try DurableFile.write(Array("\(secret)\n".utf8), directory: directory, name: fileName)
        return secret
    }

    private static func kept(in directory: String) throws(FileError) -> String? {
        let reader: FileReader
        do throws(FileError) {
            reader = try FileReader(path: "\(directory)/\(fileName)")
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
        let text = String(decoding: try reader.read(offset: 0, count: 4_096), as: UTF8.self).trimmed
        return text.isEmpty ? nil : String(text)
    }
}

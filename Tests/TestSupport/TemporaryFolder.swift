// Folders for tests that touch the disk.

import FoundationEssentials

/// Runs `body` with the path of a fresh, empty folder, which is removed afterwards with all that is in it.
public func withTemporaryFolder<R>(_ body: (String) async throws -> R) async throws -> R {
    let folder = FileManager.default.temporaryDirectory.appending(path: "reactor-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try await body(folder.path)
}

/// Makes a symbolic link.
public func symbolicLink(to target: String, at path: String) throws {
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: target)
}

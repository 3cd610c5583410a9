// The steps of writing a file durably, by name: so that a test can have any of them fail as a full or broken disk would, without
// a disk of its own. Values; any thread.

/// A step of ``DurableFileWriter``.
public enum FileOperation: String, Sendable, Hashable, CaseIterable {
    case createDirectory = "mkdir"
    case open
    case write
    case synchronize = "fsync"
    case rename
    case synchronizeDirectory
}

/// Asked before each step; the error that it throws is what the step fails with. Nil, as it always is in production, asks nobody.
public typealias FileOperationHook = @Sendable (FileOperation) throws(FileError) -> Void

// The store on a real folder.

import Actors
import Reactor
import Synchronization
import TestSupport
import Testing

@Suite struct FileStoreTests {
    @Test func whatWasPutIsGot() async throws {
        try await withStore { store, _ in
            let id = FileID()
            let stored = try await store.put(id, Array("hello".utf8))
            #expect(stored.id == id)
            #expect(stored.sizeBytes == 5)
            try await #expect(store.get(id) == Array("hello".utf8))
            let file = try await store.open(id)
            #expect(file.sizeBytes == 5)
            try await #expect(store.read(file, offset: 1, count: 3) == Array("ell".utf8))
        }
    }

    @Test func piecesAreJoinedInOrder() async throws {
        try await withStore { store, _ in
            let id = FileID()
            var pieces: [[UInt8]] = [[1, 2], [], [3], [4, 5, 6]]
            let stored = try await store.put(id) { pieces.isEmpty ? nil : pieces.removeFirst() }
            #expect(stored.sizeBytes == 6)
            try await #expect(store.get(id) == [1, 2, 3, 4, 5, 6])
        }
    }

    @Test func anEmptyFileIsAFile() async throws {
        try await withStore { store, _ in
            let id = FileID()
            try await store.put(id, [])
            try await #expect(store.get(id) == [])
        }
    }

    @Test func tooManyBytesLeaveNothing() async throws {
        try await withStore(maxFileBytes: 10) { store, root in
            let id = FileID()
            var sent = 0
            await #expect(throws: FileStoreError.tooLarge(limit: 10)) {
                try await store.put(id) {
                    sent += 4
                    return [1, 2, 3, 4]
                }
            }
            #expect(sent == 12)
            try await store.put(FileID(), Array(repeating: 0, count: 10))
            await #expect(throws: FileStoreError.notFound) { try await store.get(id) }
            let left = try temporaryFiles(below: root)
            #expect(left.isEmpty)
        }
    }

    @Test func aSourceThatFailsLeavesNothing() async throws {
        struct Gone: Error {}
        try await withStore { store, root in
            let id = FileID()
            var isFirst = true
            await #expect(throws: Gone.self) {
                try await store.put(id) {
                    guard isFirst else { throw Gone() }
                    isFirst = false
                    return [1, 2, 3]
                }
            }
            await #expect(throws: FileStoreError.notFound) { try await store.get(id) }
            let left = try temporaryFiles(below: root)
            #expect(left.isEmpty)
        }
    }

    @Test func aCancelledUploadLeavesNothing() async throws {
        try await withStore { store, root in
            let id = FileID()
            let task = Task(executorPreference: store.loop) {
                try await store.put(id) {
                    while !Task.isCancelled { await Task.yield() }
                    return nil
                }
            }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            await #expect(throws: FileStoreError.notFound) { try await store.get(id) }
            let left = try temporaryFiles(below: root)
            #expect(left.isEmpty)
        }
    }

    @Test func deletedIsGone() async throws {
        try await withStore { store, _ in
            let id = FileID()
            try await store.put(id, [1])
            try await #expect(store.delete(id))
            try await #expect(!store.delete(id))
            await #expect(throws: FileStoreError.notFound) { try await store.get(id) }
        }
    }

    @Test func sweepRemovesWhatAKilledProcessLeftAndNothingElse() async throws {
        try await withStore { store, root in
            let id = FileID()
            try await store.put(id, [1, 2, 3])
            let shard = "\(root)/\(id.text.prefix(2))"
            try DurableFile.write([9], directory: shard, name: ".\(FileID()).\(FileID()).partial")
            try await #expect(store.sweep() == 0)
            try await #expect(store.sweep(now: .now() + .seconds(7_200)) == 1)
            try await #expect(store.get(id) == [1, 2, 3])
            let left = try temporaryFiles(below: root)
            #expect(left.isEmpty)
        }
    }

    @Test func sweepLeavesAnUploadOfThisProcessAlone() async throws {
        try await withStore { store, _ in
            let id = FileID()
            var isFirst = true
            try await store.put(id) {
                guard isFirst else { return nil }
                isFirst = false
                let swept = try await store.sweep(now: .now() + .seconds(99_999))
                #expect(swept == 0)
                return [7]
            }
            try await #expect(store.get(id) == [7])
        }
    }

    @Test func theHashIsOfAllPieces() async throws {
        try await withStore { store, _ in
            var pieces: [[UInt8]] = [Array("a".utf8), Array("bc".utf8)]
            let stored = try await store.put(FileID()) { pieces.isEmpty ? nil : pieces.removeFirst() }
            #expect(stored.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
            let empty = try await store.put(FileID(), [])
            #expect(empty.sha256 == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        }
    }

    @Test func aFileIsInspectedWhenItIsWholeAndMayBeRefused() async throws {
        struct Refused: Error {}
        try await withStore { store, root in
            let id = FileID()
            var pieces: [[UInt8]] = [[1, 2], [3]]
            await #expect(throws: Refused.self) {
                try await store.put(
                    id,
                    inspect: { file in
                        if try file.read(offset: 0, count: 9) == [1, 2, 3] { throw Refused() }
                    }
                ) { pieces.isEmpty ? nil : pieces.removeFirst() }
            }
            await #expect(throws: FileStoreError.notFound) { try await store.get(id) }
            let left = try temporaryFiles(below: root)
            #expect(left.isEmpty)
        }
    }

    @Test func whateverStepTheDiskIsFullAtNothingIsLeft() async throws {
        // Folder, open, two writes, fsync, rename, fsync of the folder: then one more, and it succeeds.
        for failing in 1...8 {
            let calls = Mutex(0)
            let hook: FileOperationHook = { operation throws(FileError) in
                let call = calls.withLock { calls in
                    calls += 1
                    return calls
                }
                if call == failing { throw FileError(code: 28, operation: operation.rawValue) }
            }
            try await withStore(hook: hook) { store, root in
                let id = FileID()
                var pieces: [[UInt8]] = [[1, 2], [3]]
                func put() async throws { try await store.put(id) { pieces.isEmpty ? nil : pieces.removeFirst() } }
                if failing <= 7 {
                    await #expect(throws: FileStoreError.diskFull, "\(failing)") { try await put() }
                    try #expect(files(below: root).isEmpty, "\(failing)")
                } else {
                    try await put()
                    try await #expect(store.get(id) == [1, 2, 3])
                }
            }
        }
    }

    @Test func aFileThatWasThereBeforeStaysWhateverStepOfItsReplacementFails() async throws {
        for failing in FileOperation.allCases {
            try await withTemporaryFolder { folder in
                try await withLoop { isolation in
                    let id = FileID()
                    let store = FileStore(loop: isolation.loop, root: folder, maxFileBytes: 9)
                    try await store.put(id, [1])
                    let broken = FileStore(loop: isolation.loop, root: folder, maxFileBytes: 9) { operation throws(FileError) in
                        if operation == failing { throw FileError(code: 28, operation: operation.rawValue) }
                    }
                    await #expect(throws: FileStoreError.diskFull, "\(failing)") { try await broken.put(id, [2]) }
                    // Behind the rename there is no way back.
                    try await #expect(store.get(id) == (failing == .synchronizeDirectory ? [2] : [1]), "\(failing)")
                    let left = try temporaryFiles(below: folder)
                    #expect(left.isEmpty)
                }
            }
        }
    }

    @Test func theFolderKnowsItsOwner() async throws {
        try await withStore { store, root in
            try await #expect(store.owner() == nil)
            try await store.bind(to: nil)
            try #expect(DurableFile.list(root).isEmpty)
            try await store.bind(to: "one")
            try await store.bind(to: "two")
            try await #expect(store.owner() == "two")
            // As an editor leaves it.
            try DurableFile.write(Array("three \r\n\n".utf8), directory: root, name: ".database")
            try await #expect(store.owner() == "three")
            // The sweep has nothing to do with it.
            try await #expect(store.sweep(now: .now() + .seconds(99_999)) == 0)
            try await store.bind(to: nil)
            try await #expect(store.owner() == nil)
        }
    }

    @Test func filesAreCountedAndNothingElse() async throws {
        try await withStore { store, root in
            try await #expect(!store.holdsMoreFiles(than: 0))
            try await store.bind(to: "one")
            let id = FileID()
            try DurableFile.createDirectory("\(root)/\(id.text.prefix(2))")
            try DurableFile.write([], directory: "\(root)/\(id.text.prefix(2))", name: ".x.partial")
            try await #expect(!store.holdsMoreFiles(than: 0))
            for _ in 0..<3 { try await store.put(FileID(), [1]) }
            try await #expect(store.holdsMoreFiles(than: 2))
            try await #expect(!store.holdsMoreFiles(than: 3))
        }
    }

    @Test func filesAreListedByShardWithoutWhatIsNone() async throws {
        try await withStore { store, root in
            let id = try #require(FileID("0b7a8f6e-0000-4000-8000-00000000000a"))
            try await store.put(id, [1])
            for name in [".x.partial", "note.txt", id.text.uppercased()] {
                try DurableFile.write([], directory: "\(root)/0b", name: name)
            }
            let shard = try #require(FileShard.allCases.first { $0.prefix == "0b" })
            try await #expect(store.list(shard).map(\.id) == [id])
            let others = FileShard.allCases.filter { $0 != shard }
            #expect(others.count == 255)
            for other in others { try await #expect(store.list(other).isEmpty) }
            #expect(shard.bounds.first <= id.text && id.text <= shard.bounds.last)
        }
    }

    @Test func sweepOfAStoreThatWasNeverUsedFindsNothing() async throws {
        try await withStore { store, _ in
            let swept = try await store.sweep()
            #expect(swept == 0)
        }
    }
}

private func withStore(
    maxFileBytes: Int = 1_024, hook: FileOperationHook? = nil, _ body: @Sendable @escaping (FileStore, _ root: String) async throws -> Void
) async throws {
    try await withTemporaryFolder { folder in
        try await withLoop { isolation in
            let root = "\(folder)/files"
            try await body(FileStore(loop: isolation.loop, root: root, maxFileBytes: maxFileBytes, hook: hook), root)
        }
    }
}

private func files(below root: String) throws -> [String] {
    try DurableFile.list(root).filter(\.isDirectory).flatMap { try DurableFile.list("\(root)/\($0.name)") }.map(\.name)
}

private func temporaryFiles(below root: String) throws -> [String] {
    try files(below: root).filter { $0.hasSuffix(DurableFile.temporarySuffix) }
}

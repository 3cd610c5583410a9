// The store on a real folder.

import Actors
import Reactor
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

    @Test func sweepOfAStoreThatWasNeverUsedFindsNothing() async throws {
        try await withStore { store, _ in
            let swept = try await store.sweep()
            #expect(swept == 0)
        }
    }
}

private func withStore(
    maxFileBytes: Int = 1_024, _ body: @Sendable @escaping (FileStore, _ root: String) async throws -> Void
) async throws {
    try await withTemporaryFolder { folder in
        try await withLoop { isolation in
            let root = "\(folder)/files"
            try await body(FileStore(loop: isolation.loop, root: root, maxFileBytes: maxFileBytes), root)
        }
    }
}

private func temporaryFiles(below root: String) throws -> [String] {
    try DurableFile.list(root).flatMap { try DurableFile.list("\(root)/\($0.name)") }.map(\.name)
        .filter { $0.hasSuffix(DurableFile.temporarySuffix) }
}

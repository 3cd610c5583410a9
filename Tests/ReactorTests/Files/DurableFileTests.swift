// Files that are whole or absent.

import Reactor
import TestSupport
import Testing

@Suite struct DurableFileTests {
    @Test func committedFileHasItsNameAndItsBytes() async throws {
        try await withTemporaryFolder { folder in
            let writer = try DurableFileWriter(directory: folder, name: "one")
            try writer.write(Array("hello, ".utf8))
            try writer.write(Array("world".utf8))
            #expect(writer.bytesWritten == 12)
            try writer.commit(as: "greeting")
            try #expect(DurableFile.list(folder).map(\.name) == ["greeting"])
            let reader = try FileReader(path: "\(folder)/greeting")
            #expect(reader.sizeBytes == 12)
            try #expect(reader.read(offset: 0, count: 100) == Array("hello, world".utf8))
            try #expect(reader.read(offset: 7, count: 3) == Array("wor".utf8))
            try #expect(reader.read(offset: 12, count: 3) == [])
            try #expect(reader.read(offset: -1, count: 3) == [])
        }
    }

    @Test func uncommittedFileIsOnlyThereUnderItsTemporaryName() async throws {
        try await withTemporaryFolder { folder in
            let writer = try DurableFileWriter(directory: folder, name: "one")
            try writer.write([1, 2, 3])
            try #expect(DurableFile.list(folder).map(\.name) == [".one.partial"])
            writer.discard()
            writer.discard()
            try #expect(DurableFile.list(folder).isEmpty)
        }
    }

    @Test func droppedWriterLeavesNothing() async throws {
        try await withTemporaryFolder { folder in
            do {
                let writer = try DurableFileWriter(directory: folder, name: "one")
                try writer.write([1])
            }
            try #expect(DurableFile.list(folder).isEmpty)
        }
    }

    @Test func twoWritersCannotShareATemporaryName() async throws {
        try await withTemporaryFolder { folder in
            let first = try DurableFileWriter(directory: folder, name: "one")
            #expect(throws: FileError.self) { try DurableFileWriter(directory: folder, name: "one") }
            try first.commit(as: "one")
            try #expect(DurableFile.list(folder).map(\.name) == ["one"])
        }
    }

    @Test func whatAKilledWriterLeftIsNotInTheWay() async throws {
        try await withTemporaryFolder { folder in
            try DurableFile.write([1], directory: folder, name: ".a.partial")
            try DurableFile.write([2], directory: folder, name: "a")
            try DurableFile.write([3], directory: folder, name: "a")
            try #expect(Set(DurableFile.list(folder).map(\.name)) == [".a.partial", "a"])
            let stems = (0..<100).map { _ in DurableFileWriter.uniqueStem(for: "a") }
            #expect(Set(stems).count == 100)
            #expect(stems.allSatisfy { $0.hasPrefix("a.") })
        }
    }

    @Test(arguments: FileOperation.allCases)
    func aWriterKnowsWhetherItsFileHasItsName(_ failing: FileOperation) async throws {
        try await withTemporaryFolder { folder in
            let writer = try DurableFileWriter(directory: folder, name: "one") { operation throws(FileError) in
                if operation == failing, failing != .open { throw FileError(code: 28, operation: operation.rawValue) }
            }
            #expect(!writer.isNamed)
            try? writer.commit(as: "one")
            #expect(writer.isNamed == ![.synchronize, .rename].contains(failing))
            #expect(DurableFile.isTaken("\(folder)/one") == writer.isNamed)
        }
    }

    @Test func aNameIsTakenByWhateverBearsIt() async throws {
        try await withTemporaryFolder { folder in
            #expect(!DurableFile.isTaken("\(folder)/a"))
            try DurableFile.write([1], directory: folder, name: "a")
            try symbolicLink(to: "/nowhere", at: "\(folder)/b")
            for path in ["\(folder)/a", "\(folder)/b", folder, "\(folder)/a/below"] { #expect(DurableFile.isTaken(path), "\(path)") }
        }
    }

    @Test func writingAgainReplacesTheWholeFile() async throws {
        try await withTemporaryFolder { folder in
            try DurableFile.write([1, 2, 3], directory: folder, name: "a")
            try DurableFile.write([9], directory: folder, name: "a")
            try #expect(FileReader(path: "\(folder)/a").read(offset: 0, count: 10) == [9])
        }
    }

    @Test func committedWriterTakesNoMore() async throws {
        try await withTemporaryFolder { folder in
            let writer = try DurableFileWriter(directory: folder, name: "one")
            try writer.commit(as: "one")
            #expect(throws: FileError.self) { try writer.write([1]) }
            #expect(throws: FileError.self) { try writer.commit(as: "two") }
        }
    }

    @Test func failedRenameLeavesNoTemporaryFile() async throws {
        try await withTemporaryFolder { folder in
            try DurableFile.createDirectory("\(folder)/taken/inside")
            let writer = try DurableFileWriter(directory: folder, name: "one")
            #expect(throws: FileError.self) { try writer.commit(as: "taken") }
            try #expect(DurableFile.list(folder).map(\.name) == ["taken"])
        }
    }

    @Test func whatIsWrittenSoFarCanBeReadUnderItsTemporaryName() async throws {
        try await withTemporaryFolder { folder in
            let writer = try DurableFileWriter(directory: folder, name: "one")
            try writer.write([1, 2, 3])
            try #expect(writer.reopenForReading().read(offset: 1, count: 9) == [2, 3])
            try writer.commit(as: "one")
            #expect(throws: FileError.self) { try writer.reopenForReading() }
        }
    }

    @Test(arguments: [FileOperation.write, .synchronize, .rename])
    func aStepThatFailsLeavesNothing(_ failing: FileOperation) async throws {
        try await withTemporaryFolder { folder in
            let writer = try DurableFileWriter(directory: folder, name: "one") { operation throws(FileError) in
                if operation == failing { throw FileError(code: 28, operation: operation.rawValue) }
            }
            let error = #expect(throws: FileError.self) {
                try writer.write([1])
                try writer.commit(as: "one")
            }
            #expect(error?.isDiskFull == true)
            writer.discard()
            try #expect(DurableFile.list(folder).isEmpty)
        }
    }

    @Test func foldersAreMadeDeepAndTwice() async throws {
        try await withTemporaryFolder { folder in
            try DurableFile.createDirectory("\(folder)/a/b/c")
            try DurableFile.createDirectory("\(folder)/a/b/c/")
            try #expect(DurableFile.list("\(folder)/a/b").map(\.isDirectory) == [true])
            try DurableFile.write([], directory: folder, name: "file")
            #expect(throws: FileError.self) { try DurableFile.createDirectory("\(folder)/file/below") }
        }
    }

    @Test func readerRefusesFoldersAndSymbolicLinksAndMissingFiles() async throws {
        try await withTemporaryFolder { folder in
            #expect(throws: FileError.self) { try FileReader(path: folder) }
            let error = #expect(throws: FileError.self) { try FileReader(path: "\(folder)/missing") }
            #expect(error?.isNotFound == true)
            #expect(error?.description == "open: No such file or directory")
            try symbolicLink(to: "/etc/passwd", at: "\(folder)/link")
            #expect(throws: FileError.self) { try FileReader(path: "\(folder)/link") }
        }
    }

    @Test func removingTellsWhetherThereWasAFile() async throws {
        try await withTemporaryFolder { folder in
            try DurableFile.write([1], directory: folder, name: "a")
            try #expect(DurableFile.remove(directory: folder, name: "a"))
            try #expect(!DurableFile.remove(directory: folder, name: "a"))
        }
    }

    @Test func missingFolderListsAsEmpty() throws {
        try #expect(DurableFile.list("/nowhere/at/all").isEmpty)
    }
}

// The archive's format: headers, manifest, values. No database.

@testable import App
import Reactor
import TestSupport
import Testing

@Suite struct ArchiveTests {
    @Test func aHeaderIsReadBack() throws {
        let header = TarHeader(name: "tables/users/000001.jsonl", sizeBytes: 1_234_567, modifiedAt: Timestamp(seconds: 1_700_000_000))
        let block = header.block
        #expect(block.count == 512)
        #expect(TarHeader(block: block) == header)
    }

    @Test func aFlippedBitInAHeaderIsFound() {
        let block = TarHeader(name: "a", sizeBytes: 1, modifiedAt: Timestamp(seconds: 0)).block
        for index in block.indices {
            var flipped = block
            flipped[index] ^= 1
            #expect(TarHeader(block: flipped) == nil, "byte \(index)")
        }
        #expect(TarHeader(block: []) == nil)
        #expect(TarHeader(block: [UInt8](repeating: 0, count: 512)) == nil)
        #expect(TarHeader(block: [UInt8](repeating: 0xFF, count: 512)) == nil)
    }

    @Test(arguments: [(0, 0), (1, 511), (511, 1), (512, 0), (513, 511)])
    func contentIsPaddedToWholeBlocks(_ size: Int, _ padding: Int) {
        #expect(TarHeader.padding(after: size) == padding)
    }

    @Test(arguments: [("0.00", 0), ("0.05", 5), ("19.90", 1990), ("-3.07", -307), ("99999999.99", 9_999_999_999)] as [(String, Int64)])
    func hundredthsAndDecimalsAreTheSameAmount(_ text: String, _ units: Int64) {
        #expect(ArchiveType.decimal(of: units, scale: 2) == text)
        #expect(ArchiveType.units(of: text, scale: 2) == units)
    }

    @Test(arguments: ["", ".", "1.234", "a", "1.a", "1.2.3", "99999999999999999999", "--1", "1e5"])
    func whatIsNoAmountIsRefused(_ text: String) {
        #expect(ArchiveType.units(of: text, scale: 2) == nil)
    }

    @Test func theManifestIsReadBack() throws {
        let manifest = ArchiveManifest(
            programVersion: "1", createdAt: Timestamp(seconds: 5), database: "sqlite", migrations: [.init(version: 1, name: "initial")],
            tables: [
                .init(
                    name: "things",
                    columns: [.init(name: "id", type: .integer), .init(name: "price", type: .decimal(scale: 2))], sequence: .max)
            ])
        #expect(try ArchiveManifest(json: manifest.json.serialized) == manifest)
    }

    @Test func othersManifestsAreRefused() {
        func error(_ text: String) -> ArchiveError? {
            do throws(ArchiveError) {
                _ = try ArchiveManifest(json: Array(text.utf8))
                return nil
            } catch {
                return error
            }
        }
        #expect(error("nonsense") == .damaged("its manifest is no JSON"))
        #expect(error("{}") == .notAnArchive)
        #expect(error(#"{"program": "reactor", "format": 2}"#) == .newer("format 2"))
        #expect(error(#"{"program": "reactor", "format": 1}"#) == .damaged("its manifest is incomplete"))
    }

    @Test func everyCutAndEveryChangedByteIsFound() async throws {
        try await withTemporaryFolder { folder in
            let bytes = try await EventLoopGroup.withGroup(loops: 1) { group in
                let manifest = ArchiveManifest(
                    programVersion: "1", createdAt: Timestamp(seconds: 5), database: "sqlite", migrations: [], tables: [])
                let archive = try await ArchiveWriter(directory: folder, name: "a.tar", now: Timestamp(seconds: 5), on: group.loops[0])
                try await archive.add(ArchiveManifest.entryName, manifest.json.serialized)
                try await archive.add("tables/users/000001.jsonl", Array("[1]\n".utf8))
                let size = try await archive.finish()
                return try FileReader(path: "\(folder)/a.tar").read(offset: 0, count: size)
            }
            try #expect(ArchiveReader(path: "\(folder)/a.tar").verified().entries.map(\.name) == ["tables/users/000001.jsonl"])
            // Behind the digits of the checksum there is only what fills blocks.
            let checked = bytes.count - 1_024 - 448
            for index in stride(from: 0, to: checked, by: 37) {
                var changed = bytes
                changed[index] ^= 0x20
                try DurableFile.write(changed, directory: folder, name: "b.tar")
                #expect(throws: ArchiveError.self, "byte \(index)") { try ArchiveReader(path: "\(folder)/b.tar").verified() }
            }
            for count in stride(from: 0, to: checked, by: 512) {
                try DurableFile.write(Array(bytes[..<count]), directory: folder, name: "b.tar")
                #expect(throws: ArchiveError.self, "cut at \(count)") { try ArchiveReader(path: "\(folder)/b.tar").verified() }
            }
        }
    }
}

// The pure parts: names, texts, archives, ranges.

import Reactor
import Testing

@testable import App

@Suite struct FileValueTests {
    @Test(
        arguments: [
            ("a.txt", "a", "txt"), ("a.tar.gz", "a.tar", "gz"), ("a", "a", ""), ("/x/y/z.pdf", "z", "pdf"),
            (#"\\host\share\z.pdf"#, "z", "pdf"),
            ("..a.txt", "a", "txt"), ("a.txt. .", "a", "txt"), ("a\u{7}\u{9B}\u{2028}b.txt", "ab", "txt"), ("a.\u{202E}txt", "a", "txt"),
            ("  \t", nil, ""), ("", nil, ""), ("/", nil, ""), ("...", nil, ""), ("a.txt/", nil, ""), ("e\u{301}.txt", "e\u{301}", "txt"),
        ] as [(Text, Text?, Text)])
    func aNameIsTheLastSegmentWithoutWhatIsInvisible(_ sent: Text, _ stem: Text?, _ fileExtension: Text) {
        let name = FileName(sanitizing: sent)
        #expect(name?.stem == stem)
        if let name { #expect(name.fileExtension == fileExtension) }
    }

    @Test func namesStayBelowTheLimitAndWholeCharactersAreCut() throws {
        for stem in [String(repeating: "x", count: 999), String(repeating: "\u{1F469}\u{200D}\u{1F467}", count: 99), "short"] {
            let name = try #require(FileName(sanitizing: "\(stem).docx"))
            for copy in [1, 2, 1_024] {
                #expect(name.copy(copy).text.utf8.count <= FileName.maxBytes)
                #expect(name.copy(copy).fileExtension == "docx")
            }
            #expect(Text(stem).hasPrefix(name.stem))
        }
        #expect(FileName(sanitizing: Text("a." + String(repeating: "x", count: 300))) == nil)
    }

    /// A letter under more accents than a name has room for is one character.
    @Test(arguments: [110, 120, 125, 400])
    func aCharacterThatLeavesNoRoomForAMarkIsCutItself(_ accents: Int) throws {
        let name = try #require(FileName(sanitizing: "e\(String(repeating: "\u{301}", count: accents)).txt"))
        let names = [name, name.copy(2), name.copy(1_024), name.marked("0b7a8f6e-0000-4000-8000-000000000001")]
        #expect(Set(names.map(\.text)).count == 4)
        for name in names {
            #expect(name.text.utf8.count <= FileName.maxBytes)
            #expect(name.stem.unicodeScalars.first == "e")
        }
    }

    @Test func textsAreUTF8WithoutControlsAtEverySplit() {
        let good = Array("a\tb\r\n\u{C}\u{1B}[m\u{7FF}\u{800}\u{D7FF}\u{E000}\u{FFFF}\u{10000}\u{10FFFF}".utf8)
        for cut in 0...good.count {
            var scan = TextScan()
            let isText = scan.take(Array(good[..<cut])) && scan.take(Array(good[cut...]))
            #expect(isText && scan.isComplete)
        }
        let bad: [[UInt8]] = [
            [0], [0x08], [0x7F], [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF0, 0x80, 0x80, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0xF5], [0xFF], [0xC2, 0x41], [0xE2, 0x82, 0x41],
        ]
        for bytes in bad {
            var scan = TextScan()
            let isText = scan.take(bytes)
            #expect(!isText, "\(bytes)")
        }
        for cut in [[0xC2], [0xE2, 0x82], [0xF0, 0x9F, 0x98]] as [[UInt8]] {
            var scan = TextScan()
            let isTextSoFar = scan.take(cut)
            #expect(isTextSoFar && !scan.isComplete)
        }
    }

    @Test func anArchivesNamesAreReadAndMadeUpNumbersDoNoHarm() throws {
        let archive = TestFiles.zip(["a", "b/c.xml", "ü"])
        let place = try #require(ZipDirectory.place(in: archive, fileBytes: archive.count))
        #expect(ZipDirectory.names(in: Array(archive[place])) == ["a", "b/c.xml", "ü"])
        #expect(ZipDirectory.place(in: [], fileBytes: 0) == nil)
        #expect(ZipDirectory.place(in: Array(archive.dropLast()), fileBytes: archive.count - 1) == nil)
        for position in archive.indices {
            for value in [0x00, 0x7F, 0xFF] as [UInt8] {
                var damaged = archive
                damaged[position] = value
                guard let place = ZipDirectory.place(in: damaged, fileBytes: damaged.count) else { continue }
                #expect(place.upperBound <= damaged.count)
                _ = ZipDirectory.names(in: Array(damaged[place]))
            }
        }
    }

    @Test func kindsAreToldByExtensionAndRefuseOtherContents() {
        #expect(FileKind(fileExtension: "TXT") == .text)
        #expect(FileKind(fileExtension: "Jpg") == .jpeg)
        #expect(FileKind(fileExtension: "") == nil)
        #expect(FileKind(fileExtension: "html") == nil)
        for kind in FileKind.allCases {
            #expect(kind.verdict(onMediaType: "application/x-dosexec") == .refused)
            #expect(kind.verdict(onMediaType: kind.mediaType) != .refused)
        }
        #expect(FileKind.doc.verdict(onMediaType: "application/x-ole-storage") == .refused)
        #expect(FileKind.docx.verdict(onMediaType: "application/zip") == .undecided)
    }

    @Test func filesAreOnlyRemovedWhereTheirRowsAreCertainlyNotThere() {
        let unknown: [DatabaseError] = [.connectionLost(commitUnknown: true), .timeout("5 s"), .closed]
        let certain: [DatabaseError] = [
            .connectionLost(commitUnknown: false), .serialization, .constraint(.unique, name: nil), .unavailable(""),
        ]
        for error in unknown {
            #expect(!CommitOutcome.isRolledBack(error), "\(error)")
            #expect(!CommitOutcome.isRolledBack(MigrationError.database(error)), "\(error)")
        }
        for error in certain {
            #expect(CommitOutcome.isRolledBack(error), "\(error)")
            #expect(CommitOutcome.isRolledBack(MigrationError.database(error)), "\(error)")
        }
        #expect(CommitOutcome.isRolledBack(CancellationError()))
        #expect(CommitOutcome.isRolledBack(MigrationError.failed(label: "0001_initial", isUp: true, .timeout("5 s"))))
    }

    @Test func pathsOfNamesAreEscapedToTheLastByte() {
        #expect(FileName.pathSegment("a b/%ü~.txt") == "a%20b%2F%25%C3%BC~.txt")
        #expect(Attachment.field(filename: "a\\b\"c'.txt") == "attachment; filename=\"a_b_c'.txt\"; filename*=UTF-8''a%5Cb%22c%27.txt")
    }
}

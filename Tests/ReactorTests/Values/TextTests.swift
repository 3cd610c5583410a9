import Reactor
import Testing

@Suite struct TextTests {
    /// `e` under marks of two classes in the wrong order: to compare it, `String` sorts them, in time that grows with their square.
    private static func marks(_ count: Int) -> Text {
        Text("e" + String(repeating: "\u{301}", count: count / 2) + String(repeating: "\u{316}", count: count / 2))
    }

    @Test func textsAreEqualWhereTheirBytesAre() {
        let (composed, decomposed): (Text, Text) = ("\u{E9}", "e\u{301}")
        #expect(composed == "\u{E9}")
        #expect(composed != decomposed)
        #expect(composed != String("e\u{301}"))
        #expect(Set([composed, decomposed, "\u{E9}"]).count == 2)
        #expect("" == Text(""))
        #expect(Text("ab") != "abc")
    }

    @Test func theyAreOrderedByBytes() {
        let sorted: [Text] = ["", "a", "ab", "b", "e\u{301}", "\u{E9}", "\u{1F600}"]
        #expect(sorted.reversed().sorted() == sorted)
        #expect(!(Text("a") < "a"))
    }

    @Test func piecesOfAPairAreHashedApart() {
        struct Pair: Hashable { let left: Text, right: Text }
        let hashes = Set([Pair(left: "ab", right: "c"), Pair(left: "a", right: "bc"), Pair(left: "abc", right: "")].map(\.hashValue))
        #expect(hashes.count == 3)
    }

    @Test func whatIsNoUTF8IsRepairedOrRefused() {
        #expect(Text(decoding: [0x61, 0xFF]) == "a\u{FFFD}")
        #expect(Text(validating: [0x61, 0xFF]) == nil)
        #expect(Text(validating: Array("ü".utf8)) == "ü")
    }

    @Test func onlyASCIIBecomesAString() {
        #expect(Text("abc").asciiString == "abc")
        #expect(Text("").asciiString == "")
        #expect(Text("ü").asciiString == nil)
    }

    @Test func searchingLooksAtBytes() {
        let text: Text = "application/problem+json; q=1"
        #expect(text.contains("problem+json"))
        #expect(!text.contains("problem+jsonx"))
        #expect(text.contains(UInt8(ascii: ";")))
        #expect(text.hasPrefix("application/") && !text.hasPrefix("text/") && !Text("a").hasPrefix("ab"))
        #expect(text.hasSuffix("q=1") && !text.hasSuffix("q=2") && !Text("1").hasSuffix("=1"))
        // A mark behind a letter makes another `Character` of it; the letter is there all the same.
        #expect(Text("a,\u{301}b").split(on: UInt8(ascii: ",")) == ["a", "\u{301}b"])
        #expect(Text("x\u{301}").hasPrefix("x"))
    }

    @Test func listsAreTakenApartAtTheirCommas() {
        let accept: Text = "text/html;level=1, Application/JSON ;q=0.9,*/*"
        #expect(accept.lists("text/html") && accept.lists("application/json") && accept.lists("*/*"))
        #expect(!accept.lists("text/plain") && !accept.lists("html") && !Text("").lists("a"))
    }

    @Test func partsAreCutAtBytes() throws {
        #expect(Text("a=b=c").prefix(before: UInt8(ascii: "=")) == "a")
        #expect(Text("abc").prefix(before: UInt8(ascii: "=")) == "abc")
        let (before, after) = try #require(Text("a=b=c").cut(at: UInt8(ascii: "=")))
        #expect(before == "a" && after == "b=c")
        let (front, back) = try #require(Text("a@b@c").cutLast(at: UInt8(ascii: "@")))
        #expect(front == "a@b" && back == "c")
        #expect(Text("abc").cut(at: UInt8(ascii: "=")) == nil && Text("abc").cutLast(at: UInt8(ascii: "=")) == nil)
        #expect(Text(",a,,b,").split(on: UInt8(ascii: ",")) == ["", "a", "", "b", ""])
        #expect(Text("1.2.3").split(on: UInt8(ascii: "."), maxSplits: 1) == ["1", "2.3"])
        #expect(Text(" \t a b\r\n").trimmed() == "a b")
        #expect(Text("  ").trimmed() == "")
    }

    @Test func cuttingEndsBetweenCodePoints() {
        #expect(Text("aüb").cut(toBytes: 2) == "a")
        #expect(Text("aüb").cut(toBytes: 3) == "aü")
        #expect(Text("aüb").cut(toBytes: 4) == "aüb")
        #expect(Text("\u{1F600}").cut(toBytes: 3) == "")
        #expect(Text("aüb").clipped(toScalars: 2) == "aü")
        #expect(Text("aüb").clipped(toScalars: 3) == "aüb")
        #expect(Text("aüb").clipped(toScalars: 0) == "")
    }

    @Test func interpolationMakesATextOfTexts() {
        let name: Text = "ü"
        let text: Text = "\(1)|\("a")|\(name)"
        #expect(text == "1|a|ü")
        #expect(text + "!" == "1|a|ü!")
    }

    // MARK: Case

    @Test func asciiCaseIsFoldedAlone() {
        #expect(Text("ÄBC").lowercasedASCII() == "Äbc")
        #expect(Text("FOR").equalsIgnoringCase("for"))
        #expect(!Text("fo").equalsIgnoringCase("for"))
        #expect(Text("ÄBC").lowercased() == "äbc")
    }

    /// The table says what the standard library says, of every code point there is.
    @Test func foldingIsUnicodesOwn() {
        for value in UInt32(0)...0x10FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let string = String(scalar)
            let (lowered, folded) = (Text(string).lowercased(), Text(string).foldedCase())
            if lowered == string.lowercased(), folded == string.lowercased().uppercased() { continue }
            Issue.record("U+\(String(value, radix: 16)) becomes \(lowered.debugDescription) and \(folded.debugDescription)")
        }
        #expect(Text("Straße ẞ \u{212A}").foldedCase() == "STRASSE SS K")
    }

    @Test func rawValuesAreFoundByTheirBytes() {
        enum Word: String, CaseIterable { case plain, accented = "\u{E9}" }
        #expect(Word(Text("plain")) == .plain)
        #expect(Word(Text("\u{E9}")) == .accented)
        #expect(Word(Text("e\u{301}")) == nil)
    }

    // MARK: Cost

    /// Every operation on a quarter of a megabyte of marks, beside the same on letters. With `String` the first of them takes minutes.
    @Test(arguments: Operation.allCases)
    func nothingCostsMoreForMarksThanTenTimesLetters(_ operation: Operation) {
        let size = 262_144
        let letters = TextTests.cost(of: operation, on: Text(String(repeating: "a", count: size)))
        let marks = TextTests.cost(of: operation, on: TextTests.marks(size / 2))
        // A floor of 50 us: of an operation that ends at once only the noise would be compared.
        #expect(marks < max(letters, .microseconds(50)) * 10, "\(operation): marks \(marks), letters \(letters)")
    }

    enum Operation: String, CaseIterable, Sendable {
        case equal, hash, less, prefix, suffix, containsByte, containsWord, lists, ignoringCase, asciiLowercase, lowercase, fold
        case trim, prefixBefore, cutAt, cutLast, split, partsFromEnd, cut, clip, repair

        func run(_ text: Text, _ other: Text) -> Int {
            switch self {
            case .equal: text == other ? 1 : 0
            case .hash: text.hashValue & 1
            case .less: text < other ? 1 : 0
            case .prefix: text.hasPrefix(other) ? 1 : 0
            case .suffix: text.hasSuffix(other) ? 1 : 0
            case .containsByte: text.contains(UInt8(ascii: ",")) ? 1 : 0
            case .containsWord: text.contains("application/json") ? 1 : 0
            case .lists: text.lists("application/json") ? 1 : 0
            case .ignoringCase: text.equalsIgnoringCase(other.swiftString) ? 1 : 0
            case .asciiLowercase: text.lowercasedASCII().byteCount
            case .lowercase: text.lowercased().byteCount
            case .trim: text.trimmed().byteCount
            case .prefixBefore: text.prefix(before: UInt8(ascii: ",")).byteCount
            case .cutAt: text.cut(at: UInt8(ascii: "b"))?.before.byteCount ?? 0
            case .cutLast: text.cutLast(at: UInt8(ascii: "@"))?.before.byteCount ?? 0
            case .split: text.split(on: UInt8(ascii: ",")).count
            case .partsFromEnd: text.partsFromEnd(on: UInt8(ascii: ",")).reduce(0) { $0 + $1.byteCount }
            case .cut: text.cut(toBytes: 1_000).byteCount
            case .clip: text.clipped(toScalars: 1_000).byteCount
            case .fold: text.foldedCase().byteCount
            case .repair: Text(decoding: Array(text.utf8) + [0xFF]).byteCount
            }
        }
    }

    /// The best of five: whatever else the machine does only adds.
    private static func cost(of operation: Operation, on text: Text) -> Duration {
        // Another storage with the same bytes, but for the last.
        let other = Text(decoding: Array(text.utf8.dropLast(2)) + Array("ab".utf8))
        var best = Duration.seconds(3_600)
        for _ in 0..<5 {
            let began = MonotonicInstant.now()
            let result = operation.run(text, other)
            best = min(best, MonotonicInstant.now() - began)
            #expect(result >= 0)
        }
        return best
    }
}

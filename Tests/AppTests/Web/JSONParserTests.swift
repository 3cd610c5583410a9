// JSONParser is pure: these tests feed it documents, every truncation of them, and what attackers send.

import Testing

@testable import App

@Suite struct JSONParserTests {
    private func parse(_ text: String) throws(JSONError) -> JSONValue {
        try JSONParser.parse(Array(text.utf8))
    }

    private func reason(_ bytes: [UInt8]) -> JSONError.Reason? {
        do throws(JSONError) {
            _ = try JSONParser.parse(bytes)
            return nil
        } catch {
            return error.reason
        }
    }

    private func reason(_ text: String) -> JSONError.Reason? {
        reason(Array(text.utf8))
    }

    @Test func keepsNumbersAsTheyAreWrittenAndMembersInOrder() throws {
        let value = try parse(#" {"b": 19.90, "a": [1, -0, 1e3], "c": null, "d": true, "e": "x"} "#)
        #expect(
            value == [
                "b": .number(JSONNumber(verbatim: "19.90")),
                "a": [1, .number(JSONNumber(verbatim: "-0")), .number(JSONNumber(verbatim: "1e3"))],
                "c": nil, "d": true, "e": "x",
            ])
    }

    @Test func refusesEveryTruncation() {
        let document = Array(#"{"a":[1.5e+10,"x\u00e9\ud83d\ude00ä"],"b":{"c":false,"d":null},"e":-0.25}"#.utf8)
        #expect(reason(document) == nil)
        for length in 0..<document.count {
            #expect(reason(Array(document[..<length])) != nil, "the first \(length) bytes were accepted")
        }
    }

    @Test(arguments: ["01", "1.", ".5", "-", "+1", "1e", "1e+", "0x10", "NaN", "Infinity", "-Infinity", "1_000", "- 1"])
    func refusesWhatIsNotANumber(text: String) {
        #expect(reason(text) != nil)
    }

    @Test(arguments: ["0", "-0", "10", "0.5", "-1.25", "1E5", "1e-5", "0e0", "123456789012345678901234567890"])
    func acceptsNumbers(text: String) throws {
        try #expect(parse(text) == .number(JSONNumber(verbatim: text)))
    }

    @Test func unescapesEveryEscape() throws {
        try #expect(parse(#""\"\\\/\b\f\n\r\tA\u00e9\u20AC""#) == .string("\"\\/\u{8}\u{C}\n\r\tAé€"))
    }

    @Test func joinsSurrogatePairs() throws {
        try #expect(parse(#""\ud83d\ude00""#) == "😀")
    }

    @Test(arguments: [#""\ud83d""#, #""\ud83dx""#, #""\ude00""#, #""\ud83d\u0041""#, #""\ud83d\ud83d""#, #""\ud83d\n""#])
    func refusesUnpairedSurrogates(text: String) {
        #expect(reason(text) == .unpairedSurrogate)
    }

    @Test(arguments: [#""\x""#, #""\'""#, #""\u12g4""#, #""\u12""#, #""\u-123""#])
    func refusesUnknownEscapes(text: String) {
        #expect(reason(text) != nil)
    }

    @Test func refusesControlCharactersInStrings() {
        for byte: UInt8 in 0..<0x20 {
            #expect(reason([0x22, byte, 0x22]) == .controlCharacter)
        }
        #expect(reason([0x22, 0x7F, 0x22]) == nil)
    }

    @Test(
        arguments: [
            [0xC3], [0xFF], [0x80], [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF0, 0x9F, 0x98],
        ] as [[UInt8]])
    func refusesIllFormedUTF8(bytes: [UInt8]) {
        #expect(reason([0x22] + bytes + [0x22]) == .invalidUTF8)
        #expect(reason(Array(#""\n"#.utf8) + bytes + [0x22]) == .invalidUTF8)
    }

    @Test func refusesDuplicateNamesAlsoWhenSpelledDifferently() {
        #expect(reason(#"{"a":1,"a":2}"#) == .duplicateName)
        #expect(reason(#"{"a":1,"\u0061":2}"#) == .duplicateName)
        let many = (0..<40).map { #""n\#($0)":0"# }.joined(separator: ",")
        #expect(reason("{\(many)}") == nil)
        #expect(reason(#"{\#(many),"n3":0}"#) == .duplicateName)
        #expect(reason(#"{\#(many),"n39":0}"#) == .duplicateName)
    }

    @Test func namesAreEqualWhereTheirBytesAre() {
        #expect(reason("{\"\u{E9}\":1,\"e\u{301}\":2}") == nil)
        #expect(reason("{\"\u{E9}\":1,\"\\u00e9\":2}") == .duplicateName)
    }

    @Test func aNameHasAtMost256Bytes() {
        #expect(reason("{\"\(String(repeating: "n", count: 256))\":1}") == nil)
        #expect(reason("{\"\(String(repeating: "n", count: 257))\":1}") == .nameTooLong(limit: 256))
        // Counted are the bytes that it means, not those that spell it.
        #expect(reason("{\"\(String(repeating: "\u{E9}", count: 129))\":1}") == .nameTooLong(limit: 256))
        #expect(reason("{\"\(String(repeating: "\\u0061", count: 256))\":1}") == nil)
        #expect(reason("{\"a\":{\"b\":{\"\(String(repeating: "n", count: 257))\":1}}}") == .nameTooLong(limit: 256))
    }

    @Test func acceptsSixtyFourLevelsAndNotOneMore() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(reason(nested(64)) == nil)
        #expect(reason(nested(65)) == .tooDeep(limit: 64))
        let objects = String(repeating: #"{"a":"#, count: 65) + "1" + String(repeating: "}", count: 65)
        #expect(reason(objects) == .tooDeep(limit: 64))
    }

    @Test func aHundredThousandBracketsAreJustTooDeep() {
        #expect(reason([UInt8](repeating: UInt8(ascii: "["), count: 100_000)) == .tooDeep(limit: 64))
    }

    @Test(
        arguments: [
            ("", .expectedValue, 0), ("  ", .expectedValue, 2), ("{", .expectedName, 1), ("{\"a\"}", .expectedColon, 4),
            ("{\"a\":1 \"b\":2}", .expectedComma, 7), ("[1 2]", .expectedComma, 3), ("[1,]", .trailingComma, 2),
            ("{\"a\":1,}", .trailingComma, 6), ("1 2", .extraData, 2), ("nul", .expectedValue, 0), ("{a:1}", .expectedName, 1),
            ("\"abc", .unterminatedString, 0), ("[1,\"abc", .unterminatedString, 3), ("'a'", .expectedValue, 0),
            ("[,1]", .expectedValue, 1),
            ("//x\n1", .expectedValue, 0), ("\u{FEFF}1", .expectedValue, 0),
        ] as [(String, JSONError.Reason, Int)])
    func saysWhatItExpectedAndWhere(text: String, reason: JSONError.Reason, offset: Int) {
        #expect(throws: JSONError(offset: offset, reason: reason)) { try parse(text) }
    }
}

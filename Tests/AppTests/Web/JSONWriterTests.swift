import Reactor
import Testing

@testable import App

@Suite struct JSONWriterTests {
    private func written(_ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        body(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test func escapesWhatMustBeEscapedAndNothingElse() {
        #expect(written { $0.string("plain") } == #""plain""#)
        #expect(written { $0.string("a\"b\\c/d") } == #""a\"b\\c/d""#)
        #expect(written { $0.string("\u{8}\t\n\u{C}\r\u{0}\u{1F}\u{7F}") } == "\"\\b\\t\\n\\f\\r\\u0000\\u001f\u{7F}\"")
        #expect(written { $0.string("é😀") } == "\"é😀\"")
    }

    @Test func writesTheExtremesOfIntegers() {
        #expect(written { $0.integer(Int.min) } == "-9223372036854775808")
        #expect(written { $0.integer(Int.max) } == "9223372036854775807")
        #expect(written { $0.integer(0) } == "0")
        #expect(written { $0.integer(Int64(-1)) } == "-1")
        #expect(written { $0.integer(Int8.min) } == "-128")
    }

    @Test func writesNullWhereADoubleHasNoJSON() {
        #expect(written { $0.double(.nan) } == "null")
        #expect(written { $0.double(.infinity) } == "null")
        #expect(written { $0.double(0.5) } == "0.5")
    }

    @Test func separatesMembersAndElements() {
        let text = written { writer in
            writer.beginObject()
            writer.name("a")
            writer.beginArray()
            writer.separate()
            writer.string("[")
            writer.separate()
            writer.beginObject()
            writer.endObject()
            writer.endArray()
            writer.name("b")
            writer.bool(true)
            writer.name("c")
            writer.null()
            writer.endObject()
        }
        #expect(text == #"{"a":["[",{}],"b":true,"c":null}"#)
    }

    @Test func writesTimesInUTCAndDecimalsAsTheyAre() {
        #expect(written { $0.timestamp(Timestamp(microseconds: 0)) } == #""1970-01-01T00:00:00Z""#)
        #expect(written { $0.number(JSONNumber(verbatim: "19.90")) } == "19.90")
    }

    @Test func whatItWritesTheParserReadsBack() throws {
        let value: JSONValue = [
            "text": "line\nbreak \u{1}\"quoted\" \\ 😀", "numbers": [1, -2, .number(JSONNumber(verbatim: "1.50"))],
            "nested": ["empty": [:], "none": [], "nothing": nil], "flag": false,
        ]
        try #expect(JSONParser.parse(value.serialized) == value)
    }
}

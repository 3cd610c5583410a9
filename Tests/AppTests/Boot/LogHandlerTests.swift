// Log lines: whole, unforgeable, without secrets.

@testable import App
import Logging
import Testing

@Suite struct LogHandlerTests {
    private static func lines(_ format: LogFormat, level: Logger.Level = .info, _ body: (Logger) -> Void) -> String {
        let log = TestLog()
        body(LogOutput.logger(AppConfiguration.Log(format: format, level: level), colored: false) { log.append($0) })
        return log.text
    }

    @Test(arguments: [LogFormat.pretty, .json])
    func lineBreaksDoNotEndALine(_ format: LogFormat) {
        let text = Self.lines(format) { $0.info("one\r\ntwo", metadata: ["path": "/a\nb", "esc": "\u{1B}[2J\u{9B}x"]) }
        #expect(text.filter(\.isNewline).count == 1)
        #expect(text.hasSuffix("\n"))
        #expect(!text.contains("\u{1B}"))
    }

    @Test(arguments: [LogFormat.pretty, .json])
    func whatIsNamedLikeASecretIsMasked(_ format: LogFormat) {
        let text = Self.lines(format) {
            $0.info("login", metadata: ["password": "hunter2", "Authorization": "Bearer abc", "refresh_token": "xyz", "user": "joe"])
        }
        for secret in ["hunter2", "abc", "xyz"] { #expect(!text.contains(secret)) }
        #expect(text.contains("joe"))
    }

    @Test func aJSONLineIsAnObjectWithEveryMemberOnce() throws {
        let text = Self.lines(.json) {
            $0.warning("it \"happened\"", metadata: ["time": "mine", "list": ["a", "b"], "map": ["k": "v"]])
        }
        let line = try JSONParser.parse(Array(text.utf8))
        #expect(line["level"]?.string == "warning")
        #expect(line["message"]?.string == "it \"happened\"")
        #expect(line["field_time"]?.string == "mine")
        #expect(line["list"]?.array?.count == 2)
        #expect(line["map"]?["k"]?.string == "v")
        #expect(line["time"]?.string?.hasSuffix("Z") == true)
    }

    @Test func prettyQuotesWhatCouldBeMisread() {
        let text = Self.lines(.pretty) { $0.info("m", metadata: ["a": "two words", "b": "plain", "c": "say \"x\""]) }
        #expect(text.contains(" a=\"two words\" b=plain c=\"say \\\"x\\\"\""))
    }

    @Test func whatIsLessImportantThanTheLevelIsLeftOut() {
        #expect(Self.lines(.pretty, level: .warning) { $0.info("no") }.isEmpty)
    }
}

// How values are written.

@testable import App
import Testing

@Suite struct SettingKindTests {
    @Test(arguments: [
        ("500ms", Duration.milliseconds(500)), ("10s", .seconds(10)), ("10", .seconds(10)), ("15m", .seconds(900)),
        ("2h", .seconds(7_200)), ("30d", .seconds(2_592_000)), ("0", .zero), ("5 s", .seconds(5)),
    ])
    func timesAreRead(_ text: String, _ duration: Duration) {
        #expect(DurationText.parse(text) == duration)
    }

    @Test(arguments: ["", "s", "-1s", "1.5s", "10 parsecs", "99999999999999999999s", "9223372036854775807d"])
    func whatIsNoTimeIsRefused(_ text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test(arguments: ["0s", "1ms", "500ms", "1s", "90s", "2m", "15m", "2h", "36h", "30d", "1500ms"])
    func timesAreShownAsTheyCanBeRead(_ text: String) {
        #expect(DurationText.parse(text).map(DurationText.render).flatMap(DurationText.parse) == DurationText.parse(text))
    }

    @Test(arguments: [("5242880", 5_242_880), ("5MiB", 5_242_880), ("16 KiB", 16_384), ("1GiB", 1 << 30), ("0", 0)])
    func sizesAreRead(_ text: String, _ bytes: Int) {
        #expect(ByteCount.parse(text) == bytes)
    }

    @Test(arguments: ["", "MiB", "5MB", "1e6", "9223372036854775807GiB"])
    func whatIsNoSizeIsRefused(_ text: String) {
        #expect(ByteCount.parse(text) == nil)
    }

    @Test func aListIsJSONOrSeparatedByCommas() throws {
        let kind = SettingKind<[String]>.list
        try #expect(kind.parse(#"["http://a", "http://b"]"#) == ["http://a", "http://b"])
        try #expect(kind.parse("http://a, http://b,") == ["http://a", "http://b"])
        try #expect(kind.parse("*") == ["*"])
        try #expect(kind.parse("[]") == [])
        #expect(throws: InvalidSetting.self) { try kind.parse("[1]") }
        #expect(throws: InvalidSetting.self) { try kind.parse(#"["http://a""#) }
    }

    @Test func anAllowanceIsRequestsAndTime() throws {
        let kind = SettingKind<RateLimitAllowance>.allowance
        try #expect(kind.parse("60/1m") == RateLimitAllowance(limit: 60, window: .seconds(60)))
        #expect(kind.render(RateLimitAllowance(limit: 5, window: .seconds(60))) == "5/60s")
        for text in ["60", "0/60s", "-1/60s", "60/0s", "60/", "/60s", "1/2/3", "60/9000d"] {
            #expect(throws: InvalidSetting.self) { try kind.parse(text) }
        }
    }

    @Test func aDatabaseInMemoryIsRefused() {
        #expect(throws: InvalidSetting.self) { try SettingKind<String>.databaseURL.parse("sqlite::memory:") }
    }

    @Test func aURLIsShownWithoutItsPassword() {
        #expect(!SettingKind<String>.databaseURL.render("postgres://joe:hunter2@db/app").contains("hunter2"))
        #expect(!SettingKind<String>.redisURL.render("redis://:hunter2@cache/0").contains("hunter2"))
    }
}

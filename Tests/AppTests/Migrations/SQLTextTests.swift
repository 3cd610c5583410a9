// Expressions as two databases print them.

@testable import App
import Testing

@Suite struct SQLTextTests {
    @Test(arguments: [
        ("role IN ('user', 'admin')", "((role)::text = ANY ((ARRAY['user'::character varying, 'admin'::character varying])::text[]))"),
        ("lower(email)", "lower((email)::text)"),
        ("file_size >= 0", "(file_size >= 0)"),
        ("price >= 0 AND price <= 9.99", "((price >= (0)::numeric) AND (price <= 9.99))"),
        ("finished_at IS NOT NULL", "(finished_at IS NOT NULL)"),
        ("a <> 'it''s'", "((a)::text != 'it''s'::character varying(20))"),
        ("t < '2026-01-01'", "(t < '2026-01-01'::timestamp with time zone)"),
    ])
    func whatWasWrittenAndWhatPostgreSQLPrintsIsTheSame(_ written: String, _ printed: String) {
        #expect(SQLText.canonical(written) == SQLText.canonical(printed))
    }

    @Test(arguments: [
        ("role IN ('user', 'admin')", "role IN ('user', 'Admin')"), ("a >= 0", "a > 0"), ("lower(email)", "email"),
        ("a IS NULL", "a IS NOT NULL"),
    ])
    func whatDiffersStaysDifferent(_ left: String, _ right: String) {
        #expect(SQLText.canonical(left) != SQLText.canonical(right))
    }

    @Test func commentsAndQuotesAreUnderstood() {
        let tokens = SQLText.tokens("SELECT \"a \"\"b\"\"\" -- note\n, 'it''s' /* more */ FROM Käse;")
        #expect(tokens.map(\.text) == ["select", "a \"b\"", ",", "'it''s'", "from", "käse", ";"])
    }

    @Test(arguments: ["'", "\"", "'abc", "/*", "/* a", "--", "::", "a::", "(", ")", "((", "a::(", "\u{0}", "a::b(", "😀'"])
    func brokenTextEndsToo(_ text: String) {
        _ = SQLText.canonical(text)
        #expect(SQLText.parenthesized(SQLText.tokens(text), from: 0) == nil)
    }

    @Test func namesAreQuotedWhereTheyMustBe() {
        #expect(SQLText.name("owner_id") == "owner_id")
        #expect(SQLText.name("order") == "\"order\"")
        #expect(SQLText.name("Mixed\"Case") == "\"Mixed\"\"Case\"")
        #expect(SQLText.name("") == "\"\"")
        #expect(SQLText.literal("it's") == "'it''s'")
    }

    @Test func defaultsAreReadInBothSpellings() {
        #expect(ColumnDefault(live: "'user'::character varying") == .text("user"))
        #expect(ColumnDefault(live: "'it''s'") == .text("it's"))
        #expect(ColumnDefault(live: "true") == .bool(true))
        #expect(ColumnDefault(live: "0") == .int(0))
        #expect(ColumnDefault(live: "now()") == .now)
        #expect(ColumnDefault(live: "CURRENT_TIMESTAMP") == .now)
        #expect(ColumnDefault(live: "strftime('%Y-%m-%d %H:%M:%f000', 'now')") == .now)
        #expect(ColumnDefault(live: "(a + 1)") == .expression("(a + 1)"))
    }
}

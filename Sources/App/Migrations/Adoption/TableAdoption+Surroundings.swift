// What else a database has grown around a table that is adopted, as questions to its catalogue: what must be gone before, and what
// will be gone after. SQL text only; pure.

import Reactor

extension TableAdoption {
    /// PostgreSQL's number of the table as it is.
    private var relation: String { "CAST(\(SQLText.literal(from)) AS regclass)" }

    /// What cannot be carried over and must not be lost without anybody having decided so.
    var obstacles: [AdoptionCheck] {
        let again = "drop these first, and make them again afterwards for the columns that there are then"
        switch dialect {
        case .sqlite:
            return [
                AdoptionCheck(
                    problem: "\(source.name) has triggers, which cannot be carried over; \(again)",
                    query: "SELECT name FROM sqlite_schema WHERE type = 'trigger' "
                        + "AND lower(tbl_name) = lower(\(SQLText.literal(source.name))) ORDER BY name",
                    isComplete: true)
            ]
        case .postgres:
            return [
                AdoptionCheck(
                    problem: "\(source.name) has triggers or rules, which cannot be carried over; \(again)",
                    query: """
                        SELECT CAST(tgname AS text) FROM pg_trigger WHERE tgrelid = \(relation) AND NOT tgisinternal
                        UNION ALL SELECT CAST(rulename AS text) FROM pg_rewrite WHERE ev_class = \(relation) ORDER BY 1
                        """, isComplete: true),
                AdoptionCheck(
                    problem: "views depend on \(source.name), which is made anew; \(again)",
                    query: """
                        SELECT DISTINCT CAST(CAST(r.ev_class AS regclass) AS text)
                        FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
                        WHERE d.classid = CAST('pg_rewrite' AS regclass) AND d.refclassid = CAST('pg_class' AS regclass)
                            AND d.refobjid = \(relation) AND r.ev_class <> \(relation) ORDER BY 1
                        """, isComplete: true),
                AdoptionCheck(
                    problem: "\(source.name) has exclusion constraints, which cannot be carried over; "
                        + "if you can do without, drop these first",
                    query: "SELECT CAST(conname AS text) FROM pg_constraint WHERE conrelid = \(relation) AND contype = 'x' ORDER BY 1",
                    isComplete: true),
                AdoptionCheck(
                    problem: "row level security may hide rows from this program, which would be lost; first say ALTER TABLE \(from) "
                        + "NO FORCE ROW LEVEL SECURITY",
                    query: "SELECT CAST(relname AS text) FROM pg_class WHERE oid = \(relation) AND relrowsecurity AND relforcerowsecurity",
                    isComplete: true),
            ]
        }
    }

    /// What is not carried over, by kind.
    var losses: [AdoptionCheck] {
        let lost = parts.lost
        let kinds = AdoptedParts.Kind.allCases.compactMap { kind in
            lost[kind].map { names in
                loss(kind.rawValue, names.map { "SELECT \(SQLText.literal($0))" }.joined(separator: " UNION ALL "))
            }
        }
        switch dialect {
        case .sqlite:
            return kinds + [
                AdoptionCheck(
                    problem: "views that mention \(source.name), and may name columns that it does not have any more",
                    query: "SELECT name FROM sqlite_schema WHERE type = 'view' "
                        + "AND instr(lower(sql), lower(\(SQLText.literal(source.name)))) > 0 ORDER BY name",
                    isComplete: true)
            ]
        case .postgres:
            return kinds + [
                loss(
                    "row level security policies",
                    """
                    SELECT CAST(polname AS text) FROM pg_policy WHERE polrelid = \(relation)
                    UNION ALL SELECT 'that it is enabled' FROM pg_class WHERE oid = \(relation) AND relrowsecurity ORDER BY 1
                    """),
                loss(
                    "grants",
                    """
                    SELECT grantee || ' (' || string_agg(DISTINCT privilege, ' ' ORDER BY privilege) || ')' FROM (
                        SELECT CASE a.grantee WHEN 0 THEN 'public' ELSE CAST(CAST(a.grantee AS regrole) AS text) END AS grantee,
                            a.privilege_type AS privilege
                        FROM pg_class c, LATERAL aclexplode(c.relacl) AS a WHERE c.oid = \(relation) AND a.grantee <> c.relowner
                        UNION ALL
                        SELECT CASE a.grantee WHEN 0 THEN 'public' ELSE CAST(CAST(a.grantee AS regrole) AS text) END,
                            a.privilege_type || ' of ' || CAST(t.attname AS text)
                        FROM pg_attribute t, LATERAL aclexplode(t.attacl) AS a WHERE t.attrelid = \(relation)) AS grants
                    GROUP BY grantee ORDER BY 1
                    """),
            ]
        }
    }

    private func loss(_ kind: String, _ query: String) -> AdoptionCheck {
        AdoptionCheck(problem: "\(kind) of \(source.name) that are not carried over", query: query, isComplete: true)
    }
}

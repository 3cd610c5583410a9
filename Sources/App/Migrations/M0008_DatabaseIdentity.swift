// Migration 8: which database this is. The folder of uploaded files is bound to it, so that a server that was given another database's
// folder does not take all of its files for left over.

import Reactor

extension Migration {
    static let m0008DatabaseIdentity = Migration(
        version: 8, name: "database_identity",
        up: Script(postgres: postgresTable, sqlite: sqliteTable),
        down: Script(postgres: "DROP TABLE database_identity;", sqlite: "DROP TABLE database_identity;"))
}

private let postgresTable = """
    -- One row.
    CREATE TABLE database_identity (
        id uuid PRIMARY KEY,
        created_at timestamptz NOT NULL DEFAULT now()
    );
    INSERT INTO database_identity (id) VALUES (gen_random_uuid());
    """

private let sqliteTable = """
    -- One row.
    CREATE TABLE database_identity (
        id TEXT NOT NULL PRIMARY KEY,
        created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now'))
    ) STRICT;
    INSERT INTO database_identity (id)
        SELECT lower(substr(digits, 1, 8) || '-' || substr(digits, 9, 4) || '-4' || substr(digits, 14, 3) || '-a' || substr(digits, 18, 3)
            || '-' || substr(digits, 21, 12))
        FROM (SELECT hex(randomblob(16)) AS digits);
    """

// The table that jobs are kept in, stated once: the server's first migration and the queue's own tests both make it from here.
// Text only; any thread.

public import Reactor

/// The `jobs` table. A published version is never edited (its checksum is in people's databases): a change is a next version.
public enum JobSchema {
    /// The statements that make the table.
    ///
    /// `owner_id` has no foreign key: the queue knows no users, and a job may outlive the one who asked for it.
    public static func version1(_ dialect: SQLDialect) -> String {
        switch dialect {
        case .postgres:
            """
            CREATE TABLE jobs (
                id uuid PRIMARY KEY,
                kind varchar(100) NOT NULL,
                payload text NOT NULL,
                owner_id bigint,
                status varchar(20) NOT NULL DEFAULT 'pending' CONSTRAINT jobs_status_check
                    CHECK (status IN ('pending', 'running', 'retrying', 'succeeded', 'dead', 'cancelled')),
                priority integer NOT NULL DEFAULT 0,
                run_at timestamptz NOT NULL,
                attempts integer NOT NULL DEFAULT 0,
                max_attempts integer NOT NULL,
                lease_owner varchar(100),
                lease_expires_at timestamptz,
                result text,
                last_error text,
                created_at timestamptz NOT NULL,
                updated_at timestamptz NOT NULL,
                finished_at timestamptz
            );
            CREATE INDEX jobs_claim_idx ON jobs (priority DESC, run_at) WHERE status IN ('pending', 'retrying');
            CREATE INDEX jobs_lease_idx ON jobs (lease_expires_at) WHERE status = 'running';
            CREATE INDEX jobs_owner_id_idx ON jobs (owner_id, created_at DESC);

            """
        case .sqlite:
            """
            CREATE TABLE jobs (
                id TEXT NOT NULL PRIMARY KEY,
                kind TEXT NOT NULL,
                payload TEXT NOT NULL,
                owner_id INTEGER,
                status TEXT NOT NULL DEFAULT 'pending' CONSTRAINT jobs_status_check
                    CHECK (status IN ('pending', 'running', 'retrying', 'succeeded', 'dead', 'cancelled')),
                priority INTEGER NOT NULL DEFAULT 0,
                run_at TEXT NOT NULL,
                attempts INTEGER NOT NULL DEFAULT 0,
                max_attempts INTEGER NOT NULL,
                lease_owner TEXT,
                lease_expires_at TEXT,
                result TEXT,
                last_error TEXT,
                created_at TEXT NOT NULL,
                updated_at TEXT NOT NULL,
                finished_at TEXT
            ) STRICT;
            CREATE INDEX jobs_claim_idx ON jobs (priority DESC, run_at) WHERE status IN ('pending', 'retrying');
            CREATE INDEX jobs_lease_idx ON jobs (lease_expires_at) WHERE status = 'running';
            CREATE INDEX jobs_owner_id_idx ON jobs (owner_id, created_at DESC);

            """
        }
    }
}

// The tables that jobs are kept in, stated once: the server's migrations and the queue's own tests both make them from here.
// Text only; any thread.

public import Reactor

/// `jobs` and `job_schedules`. A published version is never edited (its checksum is in people's databases): a change is a next
/// version.
public enum JobSchema {
    /// All versions, for an empty database.
    public static func current(_ dialect: SQLDialect) -> String {
        version1(dialect) + version2(dialect)
    }

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

    /// The name of the channel on which PostgreSQL tells that there are new jobs: one a schema, so that programs which share a
    /// database do not wake each other. No row where the table is missing.
    public static let channel = SQLStatement.read(
        """
        SELECT 'jobs_' || md5(nspname) FROM pg_namespace
        WHERE oid = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass('jobs'))
        """)

    /// Progress, schedules, and PostgreSQL's word to the workers. A notification is sent when its transaction commits, and those of
    /// one transaction are one.
    public static func version2(_ dialect: SQLDialect) -> String {
        switch dialect {
        case .postgres:
            """
            ALTER TABLE jobs
                ADD COLUMN progress integer NOT NULL DEFAULT 0 CONSTRAINT jobs_progress_check CHECK (progress BETWEEN 0 AND 100),
                ADD COLUMN started_at timestamptz;
            CREATE INDEX jobs_created_at_idx ON jobs (created_at DESC, id DESC);
            CREATE INDEX jobs_run_at_idx ON jobs (run_at) WHERE status IN ('pending', 'retrying');
            CREATE INDEX jobs_finished_at_idx ON jobs (finished_at) WHERE finished_at IS NOT NULL;

            CREATE TABLE job_schedules (
                name varchar(100) PRIMARY KEY,
                cron varchar(200) NOT NULL,
                kind varchar(100) NOT NULL,
                payload text NOT NULL,
                enabled boolean NOT NULL DEFAULT true,
                last_run_at timestamptz,
                next_run_at timestamptz,
                created_at timestamptz NOT NULL,
                updated_at timestamptz NOT NULL
            );

            CREATE FUNCTION jobs_notify() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM pg_notify('jobs_' || md5(TG_TABLE_SCHEMA), '');
                RETURN NULL;
            END
            $$;
            CREATE TRIGGER jobs_notify_insert AFTER INSERT ON jobs FOR EACH STATEMENT EXECUTE FUNCTION jobs_notify();
            CREATE TRIGGER jobs_notify_again AFTER UPDATE ON jobs FOR EACH ROW
                WHEN (NEW.status = 'pending' AND OLD.status <> 'pending') EXECUTE FUNCTION jobs_notify();

            """
        case .sqlite:
            """
            ALTER TABLE jobs ADD COLUMN progress INTEGER NOT NULL DEFAULT 0
                CONSTRAINT jobs_progress_check CHECK (progress BETWEEN 0 AND 100);
            ALTER TABLE jobs ADD COLUMN started_at TEXT;
            CREATE INDEX jobs_created_at_idx ON jobs (created_at DESC, id DESC);
            CREATE INDEX jobs_run_at_idx ON jobs (run_at) WHERE status IN ('pending', 'retrying');
            CREATE INDEX jobs_finished_at_idx ON jobs (finished_at) WHERE finished_at IS NOT NULL;

            CREATE TABLE job_schedules (
                name TEXT NOT NULL PRIMARY KEY,
                cron TEXT NOT NULL,
                kind TEXT NOT NULL,
                payload TEXT NOT NULL,
                enabled INTEGER NOT NULL DEFAULT 1 CONSTRAINT job_schedules_enabled_check CHECK (enabled IN (0, 1)),
                last_run_at TEXT,
                next_run_at TEXT,
                created_at TEXT NOT NULL,
                updated_at TEXT NOT NULL
            ) STRICT;

            """
        }
    }

    /// The way back from ``version2(_:)``.
    public static func undoVersion2(_ dialect: SQLDialect) -> String {
        let notifications = """
            DROP TRIGGER jobs_notify_again ON jobs;
            DROP TRIGGER jobs_notify_insert ON jobs;
            DROP FUNCTION jobs_notify();

            """
        return (dialect == .postgres ? notifications : "") + """
            DROP TABLE job_schedules;
            DROP INDEX jobs_finished_at_idx;
            DROP INDEX jobs_run_at_idx;
            DROP INDEX jobs_created_at_idx;
            ALTER TABLE jobs DROP COLUMN started_at;
            ALTER TABLE jobs DROP COLUMN progress;
            """
    }
}

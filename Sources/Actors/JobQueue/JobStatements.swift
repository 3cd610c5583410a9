// The queue's SQL. Constants; any thread.

import Reactor

/// Every statement that touches `jobs` and `job_schedules`, but for the filtered list's. Each that a holder issues checks that it still holds the job (`lease_owner` and
/// `attempts` are the fencing token).
enum JobStatements {
    static let enqueue = SQLStatement.write(
        """
        INSERT INTO jobs (id, kind, payload, owner_id, priority, run_at, max_attempts, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
        """)

    // One statement in both dialects, so no transaction is left open around it. PostgreSQL: SKIP LOCKED passes over what
    // another worker is taking at this moment; the CTE is evaluated once, where a subquery under IN may be run again for
    // each row and claim more than the limit. SQLite: one writer at a time makes the statement atomic.
    static let claim = SQLStatement.write(
        postgres: """
            WITH next AS MATERIALIZED (
                SELECT id FROM jobs
                WHERE status IN ('pending', 'retrying') AND run_at <= $1
                ORDER BY priority DESC, run_at
                LIMIT $4 FOR UPDATE SKIP LOCKED)
            UPDATE jobs SET status = 'running', attempts = attempts + 1, lease_owner = $2, lease_expires_at = $3,
                progress = 0, started_at = $1, updated_at = $1
            FROM next WHERE jobs.id = next.id
            RETURNING jobs.id, jobs.kind, jobs.payload, jobs.owner_id, jobs.priority, jobs.attempts, jobs.max_attempts
            """,
        sqlite: """
            UPDATE jobs SET status = 'running', attempts = attempts + 1, lease_owner = $2, lease_expires_at = $3,
                progress = 0, started_at = $1, updated_at = $1
            WHERE id IN (
                SELECT id FROM jobs
                WHERE status IN ('pending', 'retrying') AND run_at <= $1
                ORDER BY priority DESC, run_at
                LIMIT $4)
            RETURNING id, kind, payload, owner_id, priority, attempts, max_attempts
            """)

    static let heartbeat = SQLStatement.write(
        """
        UPDATE jobs SET lease_expires_at = $4, updated_at = $5
        WHERE id = $1 AND status = 'running' AND lease_owner = $2 AND attempts = $3
        """)

    static let report = SQLStatement.write(
        """
        UPDATE jobs SET progress = $4, updated_at = $5
        WHERE id = $1 AND status = 'running' AND lease_owner = $2 AND attempts = $3
        """)

    static let complete = SQLStatement.write(
        """
        UPDATE jobs SET status = 'succeeded', result = $4, progress = 100, last_error = NULL, lease_owner = NULL,
            lease_expires_at = NULL, updated_at = $5, finished_at = $5
        WHERE id = $1 AND status = 'running' AND lease_owner = $2 AND attempts = $3
        """)

    static let retry = SQLStatement.write(
        """
        UPDATE jobs SET status = 'retrying', run_at = $6, last_error = $4, lease_owner = NULL, lease_expires_at = NULL,
            updated_at = $5
        WHERE id = $1 AND status = 'running' AND lease_owner = $2 AND attempts = $3
        """)

    static let bury = SQLStatement.write(
        """
        UPDATE jobs SET status = 'dead', last_error = $4, lease_owner = NULL, lease_expires_at = NULL,
            updated_at = $5, finished_at = $5
        WHERE id = $1 AND status = 'running' AND lease_owner = $2 AND attempts = $3
        """)

    // A job that ends its worker each time it runs must not be tried for ever: the attempts count here too.
    static let reclaimExpired = SQLStatement.write(
        """
        UPDATE jobs SET
            status = CASE WHEN attempts < max_attempts THEN 'retrying' ELSE 'dead' END,
            finished_at = CASE WHEN attempts < max_attempts THEN NULL ELSE lease_expires_at END,
            run_at = $1, last_error = 'the worker went away', lease_owner = NULL, lease_expires_at = NULL, updated_at = $1
        WHERE status = 'running' AND lease_expires_at <= $1
        """)

    // The holder of a running job is not asked: its next heartbeat, report or completion finds the lease gone.
    static let cancel = SQLStatement.write(
        """
        UPDATE jobs SET status = 'cancelled', lease_owner = NULL, lease_expires_at = NULL, updated_at = $2, finished_at = $2
        WHERE id = $1 AND status IN ('pending', 'retrying', 'running')
        """)

    // The attempts go on counting: they fence off whoever held the job before.
    static let revive = SQLStatement.write(
        """
        UPDATE jobs SET status = 'pending', max_attempts = attempts + $3, run_at = $2, progress = 0, result = NULL,
            last_error = NULL, started_at = NULL, finished_at = NULL, updated_at = $2
        WHERE id = $1 AND status IN ('dead', 'cancelled')
        """)

    static let columns = """
        id, kind, owner_id, status, priority, attempts, max_attempts, progress, result, last_error, run_at, created_at, started_at, \
        finished_at
        """

    static let record = SQLStatement.read("SELECT \(columns) FROM jobs WHERE id = $1")

    static let nextDue = SQLStatement.read("SELECT min(run_at) FROM jobs WHERE status IN ('pending', 'retrying')")

    static let removeFinished = SQLStatement.deletion(
        from: "jobs", whose: "id", isAmong: "SELECT id FROM jobs WHERE finished_at < $1 ORDER BY finished_at LIMIT $2")

    static let countsByStatus = SQLStatement.read("SELECT status, count(*) FROM jobs GROUP BY status")

    // MARK: Schedules

    static let declareSchedule = SQLStatement.write(
        """
        INSERT INTO job_schedules (name, cron, kind, payload, next_run_at, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $6)
        ON CONFLICT (name) DO UPDATE SET
            next_run_at = CASE WHEN job_schedules.cron = excluded.cron THEN job_schedules.next_run_at ELSE excluded.next_run_at END,
            cron = excluded.cron, kind = excluded.kind, payload = excluded.payload, updated_at = excluded.updated_at
        WHERE job_schedules.cron <> excluded.cron OR job_schedules.kind <> excluded.kind OR job_schedules.payload <> excluded.payload
        """)

    static let dueSchedules = SQLStatement.read(
        "SELECT name, cron, kind, payload, next_run_at FROM job_schedules WHERE enabled AND next_run_at <= $1 ORDER BY name")

    static let nextSchedule = SQLStatement.read("SELECT min(next_run_at) FROM job_schedules WHERE enabled")

    static let stepSchedule = SQLStatement.write(
        """
        UPDATE job_schedules SET last_run_at = $3, next_run_at = $4, updated_at = $3
        WHERE name = $1 AND next_run_at = $2 AND enabled
        """)
}

// The schema as it is meant to be, in one place: what the migrations, run one after the other, make of an empty database. A test
// compares the two on both databases, so that neither can drift; `migrate check` compares it with a live one, and
// `migrate new --autogenerate` writes what is between. A constant; any thread.

import Reactor

extension DatabaseSchema {
    /// Every table of the program but `schema_migrations`, in an order in which each finds those it refers to.
    static let declared = DatabaseSchema(tables: [
        .users, .sessions, .refreshTokens, .oneTimeTokens, .tasks, .taskCounts, .products, .posts, .files, .jobs, .jobSchedules,
        .idempotencyKeys, .auditLog, .databaseIdentity,
    ])
}

// MARK: - People

extension TableSchema {
    fileprivate static let users = TableSchema(
        "users",
        columns: [
            .id,
            .optional("username", .varchar(50)),
            .optional("name", .varchar(200)),
            .optional("full_name", .varchar(200)),
            .required("email", .varchar(320)),
            .optional("hashed_password", .varchar(255)),
            .required("role", .varchar(20), default: .text("user")),
            .required("is_active", .boolean, default: .bool(true)),
            .optional("email_verified_at", .timestamp),
            .time("created_at"),
            .time("updated_at"),
        ],
        checks: [CheckSchema(name: "users_role_check", expression: "role IN ('user', 'admin')")],
        indexes: [
            .unique("users_email_key", "lower(email)"),
            .unique("users_username_key", "username"),
            .index("users_active_admins_idx", "id", where: "role = 'admin' AND is_active"),
            .index("users_created_at_idx", "created_at"),
        ])

    fileprivate static let sessions = TableSchema(
        "sessions",
        columns: [
            .required("id", .uuid),
            .required("user_id", .bigint),
            .optional("ip", .varchar(64)),
            .optional("user_agent", .varchar(400)),
            .time("created_at"),
            .time("last_seen_at"),
            .required("expires_at", .timestamp),
            .optional("revoked_at", .timestamp),
        ],
        foreignKeys: [.owner("sessions_user_id_fkey", "user_id")],
        indexes: [
            .index("sessions_user_id_idx", "user_id", "created_at DESC"),
            .index("sessions_expires_at_idx", "expires_at"),
            .index("sessions_revoked_at_idx", "revoked_at", where: "revoked_at IS NOT NULL"),
        ])

    fileprivate static let refreshTokens = TableSchema(
        "refresh_tokens",
        columns: [
            .id,
            .required("session_id", .uuid),
            .required("token_hash", .bytes),
            .time("created_at"),
            .required("expires_at", .timestamp),
            .optional("used_at", .timestamp),
        ],
        foreignKeys: [
            ForeignKeySchema(
                name: "refresh_tokens_session_id_fkey", columns: ["session_id"], table: "sessions", onDelete: .cascade)
        ],
        indexes: [
            .unique("refresh_tokens_token_hash_key", "token_hash"),
            .index("refresh_tokens_session_id_idx", "session_id"),
            .index("refresh_tokens_expires_at_idx", "expires_at"),
        ])

    fileprivate static let oneTimeTokens = TableSchema(
        "one_time_tokens",
        columns: [
            .id,
            .required("user_id", .bigint),
            .required("purpose", .varchar(30)),
            .required("email", .varchar(320)),
            .required("token_hash", .bytes),
            .time("created_at"),
            .required("expires_at", .timestamp),
            .optional("used_at", .timestamp),
        ],
        foreignKeys: [.owner("one_time_tokens_user_id_fkey", "user_id")],
        checks: [
            CheckSchema(name: "one_time_tokens_purpose_check", expression: "purpose IN ('password_reset', 'email_verification')")
        ],
        indexes: [
            .unique("one_time_tokens_token_hash_key", "token_hash"),
            .index("one_time_tokens_user_id_idx", "user_id", "purpose"),
            .index("one_time_tokens_expires_at_idx", "expires_at"),
        ])

    /// Without foreign keys: the log outlives whom and what it tells of.
    fileprivate static let auditLog = TableSchema(
        "audit_log",
        columns: [
            .id,
            .time("created_at"),
            .optional("actor_id", .bigint),
            .required("action", .varchar(100)),
            .required("subject_type", .varchar(50)),
            .optional("subject_id", .varchar(64)),
            .optional("ip", .varchar(64)),
            .optional("request_id", .varchar(128)),
            .optional("details", .text),
        ],
        indexes: [
            .index("audit_log_created_at_idx", "created_at"),
            .index("audit_log_actor_id_idx", "actor_id", "id DESC"),
            .index("audit_log_subject_idx", "subject_type", "subject_id", "id DESC"),
        ])
}

// MARK: - What people make

extension TableSchema {
    fileprivate static let tasks = TableSchema(
        "tasks",
        columns: [
            .id,
            .required("title", .varchar(200)),
            .optional("description", .text),
            .required("priority", .varchar(20), default: .text("medium")),
            .required("status", .varchar(20), default: .text("pending")),
            .optional("due_date", .timestamp),
            .required("owner_id", .bigint),
            .time("created_at"),
            .time("updated_at"),
        ],
        foreignKeys: [.owner("tasks_owner_id_fkey", "owner_id")],
        checks: [
            CheckSchema(name: "tasks_priority_check", expression: "priority IN ('low', 'medium', 'high', 'urgent')"),
            CheckSchema(
                name: "tasks_status_check", expression: "status IN ('pending', 'in_progress', 'completed', 'cancelled')"),
        ],
        indexes: [
            .index("tasks_owner_id_idx", "owner_id", "id DESC"),
            .index("tasks_status_idx", "owner_id", "status", "id DESC"),
            .index("tasks_priority_idx", "owner_id", "priority", "id DESC"),
            .index("tasks_status_priority_idx", "owner_id", "status", "priority", "id DESC"),
            .index(
                "tasks_due_date_idx", "owner_id", "due_date",
                where: "due_date IS NOT NULL AND status IN ('pending', 'in_progress')"),
        ])

    /// Kept by triggers on `tasks`: never in a backup. SQLite drops triggers with their table: a migration that makes `tasks` anew makes
    /// those of migration 9 again.
    fileprivate static let taskCounts = TableSchema(
        "task_counts",
        columns: [
            .required("owner_id", .bigint),
            .required("status", .varchar(20)),
            .required("priority", .varchar(20)),
            .required("tasks", .bigint),
        ],
        primaryKey: ["owner_id", "status", "priority"], foreignKeys: [.owner("task_counts_owner_id_fkey", "owner_id")])

    fileprivate static let products = TableSchema(
        "products",
        columns: [
            .id,
            .required("name", .varchar(200)),
            .required("price", .decimal(precision: 12, scale: 2)),
            .required("in_stock", .boolean, default: .bool(true)),
            .time("created_at"),
            .time("updated_at"),
        ],
        checks: [
            CheckSchema(
                name: "products_price_check", expression: "price >= 0 AND price <= 9999999999.99", dialect: .postgres),
            CheckSchema(name: "products_price_check", expression: "price BETWEEN 0 AND 999999999999", dialect: .sqlite),
        ],
        indexes: [.index("products_name_idx", "name"), .index("products_price_idx", "price")])

    fileprivate static let posts = TableSchema(
        "posts",
        columns: [
            .id,
            .required("user_id", .bigint),
            .required("title", .varchar(200)),
            .required("content", .text),
            .time("created_at"),
        ],
        foreignKeys: [.owner("posts_user_id_fkey", "user_id")],
        indexes: [.index("posts_user_id_idx", "user_id", "id DESC")])

    fileprivate static let files = TableSchema(
        "files",
        columns: [
            .required("id", .uuid),
            .required("owner_id", .bigint),
            .required("filename", .varchar(255)),
            .required("content_type", .varchar(100)),
            .required("file_size", .bigint),
            .required("sha256", .varchar(64)),
            .time("created_at"),
        ],
        foreignKeys: [.owner("files_owner_id_fkey", "owner_id")],
        checks: [CheckSchema(name: "files_file_size_check", expression: "file_size >= 0")],
        indexes: [
            .index("files_owner_id_idx", "owner_id", "created_at DESC"),
            .unique("files_owner_id_filename_key", "owner_id", "filename"),
        ])
}

// MARK: - Work

extension TableSchema {
    /// No foreign key to the owner: the queue knows no users, and a job may outlive who asked for it.
    fileprivate static let jobs = TableSchema(
        "jobs",
        columns: [
            .required("id", .uuid),
            .required("kind", .varchar(100)),
            .required("payload", .text),
            .optional("owner_id", .bigint),
            .required("status", .varchar(20), default: .text("pending")),
            .required("priority", .integer, default: .int(0)),
            .required("run_at", .timestamp),
            .required("attempts", .integer, default: .int(0)),
            .required("max_attempts", .integer),
            .optional("lease_owner", .varchar(100)),
            .optional("lease_expires_at", .timestamp),
            .optional("result", .text),
            .optional("last_error", .text),
            .required("created_at", .timestamp),
            .required("updated_at", .timestamp),
            .optional("finished_at", .timestamp),
            .required("progress", .integer, default: .int(0)),
            .optional("started_at", .timestamp),
        ],
        checks: [
            CheckSchema(
                name: "jobs_status_check",
                expression: "status IN ('pending', 'running', 'retrying', 'succeeded', 'dead', 'cancelled')"),
            CheckSchema(name: "jobs_progress_check", expression: "progress >= 0 AND progress <= 100", dialect: .postgres),
            CheckSchema(name: "jobs_progress_check", expression: "progress BETWEEN 0 AND 100", dialect: .sqlite),
        ],
        indexes: [
            .index("jobs_claim_idx", "priority DESC", "run_at", where: "status IN ('pending', 'retrying')"),
            .index("jobs_lease_idx", "lease_expires_at", where: "status = 'running'"),
            .index("jobs_owner_id_idx", "owner_id", "created_at DESC"),
            .index("jobs_created_at_idx", "created_at DESC", "id DESC"),
            .index("jobs_run_at_idx", "run_at", where: "status IN ('pending', 'retrying')"),
            .index("jobs_finished_at_idx", "finished_at", where: "finished_at IS NOT NULL"),
        ])

    fileprivate static let jobSchedules = TableSchema(
        "job_schedules",
        columns: [
            .required("name", .varchar(100)),
            .required("cron", .varchar(200)),
            .required("kind", .varchar(100)),
            .required("payload", .text),
            .required("enabled", .boolean, default: .bool(true)),
            .optional("last_run_at", .timestamp),
            .optional("next_run_at", .timestamp),
            .required("created_at", .timestamp),
            .required("updated_at", .timestamp),
        ],
        primaryKey: ["name"])

    /// A row without a status is a request that is being answered.
    fileprivate static let idempotencyKeys = TableSchema(
        "idempotency_keys",
        columns: [
            .required("key_hash", .bytes),
            .optional("user_id", .bigint),
            .required("content_hash", .bytes),
            .required("claim_id", .uuid),
            .required("leased_until", .timestamp),
            .time("created_at"),
            .required("expires_at", .timestamp),
            .optional("status", .integer),
            .optional("headers", .text),
            .optional("body", .bytes),
        ],
        primaryKey: ["key_hash"], foreignKeys: [.owner("idempotency_keys_user_id_fkey", "user_id")],
        checks: [CheckSchema(name: "idempotency_keys_status_check", expression: "status >= 200 AND status <= 499")],
        indexes: [
            .index("idempotency_keys_expires_at_idx", "expires_at"),
            .index("idempotency_keys_user_id_idx", "user_id"),
        ])
}

// MARK: - The database

extension TableSchema {
    /// One row, made by the migration: it is never in a backup.
    fileprivate static let databaseIdentity = TableSchema(
        "database_identity", columns: [.required("id", .uuid), .time("created_at")])
}

extension ForeignKeySchema {
    /// A user's own thing, which goes with the user.
    fileprivate static func owner(_ name: String, _ column: String) -> ForeignKeySchema {
        ForeignKeySchema(name: name, columns: [column], table: "users", onDelete: .cascade)
    }
}

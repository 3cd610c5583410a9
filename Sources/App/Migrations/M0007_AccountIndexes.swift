// Migration 7: indexes for what is asked of accounts beside who they are.

import Reactor

extension Migration {
    static let m0007AccountIndexes = Migration(
        version: 7, name: "account_indexes",
        up: Script(postgres: indexes, sqlite: indexes), down: Script(postgres: drops, sqlite: drops))
}

private let indexes = """
    -- Who takes an administrator's rights away looks at all of them, and they are few among many.
    CREATE INDEX users_active_admins_idx ON users (id) WHERE role = 'admin' AND is_active;
    CREATE INDEX users_created_at_idx ON users (created_at);
    -- Maintenance removes sessions that ended long ago; most have not ended.
    CREATE INDEX sessions_revoked_at_idx ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;
    """

private let drops = """
    DROP INDEX sessions_revoked_at_idx;
    DROP INDEX users_created_at_idx;
    DROP INDEX users_active_admins_idx;
    """

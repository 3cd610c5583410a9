// Migration 6: requests that carry an Idempotency-Key, and the answers to them.

import Reactor

extension Migration {
    static let m0006IdempotencyKeys = Migration(
        version: 6, name: "idempotency_keys",
        up: Script(postgres: postgresTable, sqlite: sqliteTable),
        down: Script(postgres: "DROP TABLE idempotency_keys;", sqlite: "DROP TABLE idempotency_keys;"))
}

private let postgresTable = """
    -- A row without a status is a request that is being answered; its claim is worth something until leased_until. Answers may
    -- tell of their user, so they go with them.
    CREATE TABLE idempotency_keys (
        key_hash bytea NOT NULL CONSTRAINT idempotency_keys_pkey PRIMARY KEY,
        user_id bigint CONSTRAINT idempotency_keys_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
        content_hash bytea NOT NULL,
        claim_id uuid NOT NULL,
        leased_until timestamptz NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        status integer CONSTRAINT idempotency_keys_status_check CHECK (status >= 200 AND status <= 499),
        headers text,
        body bytea
    );
    CREATE INDEX idempotency_keys_expires_at_idx ON idempotency_keys (expires_at);
    CREATE INDEX idempotency_keys_user_id_idx ON idempotency_keys (user_id);
    """

private let sqliteTable = """
    -- A row without a status is a request that is being answered; its claim is worth something until leased_until. Answers may
    -- tell of their user, so they go with them.
    CREATE TABLE idempotency_keys (
        key_hash BLOB NOT NULL PRIMARY KEY,
        user_id INTEGER CONSTRAINT idempotency_keys_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
        content_hash BLOB NOT NULL,
        claim_id TEXT NOT NULL,
        leased_until TEXT NOT NULL,
        created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f000', 'now')),
        expires_at TEXT NOT NULL,
        status INTEGER CONSTRAINT idempotency_keys_status_check CHECK (status >= 200 AND status <= 499),
        headers TEXT,
        body BLOB
    ) STRICT;
    CREATE INDEX idempotency_keys_expires_at_idx ON idempotency_keys (expires_at);
    CREATE INDEX idempotency_keys_user_id_idx ON idempotency_keys (user_id);
    """

// Migration 10: a part of a name is found without a look at every name.
//
// PostgreSQL's trigrams come with an extension that every distribution has, and that the owner of a database may install. Where it is
// missing or forbidden, search works as before, at the cost of a look at every row; whoever installs it later runs the statements below.
// Tasks have no such index: a search is among one owner's, and a create would cost PostgreSQL half as much again.
// What such a search looks at is folded faster: ICU is asked only where a text is not ASCII, which makes two and a half times the speed.
// SQLite has trigrams in tables of their own alone (FTS5), whose idea of case is another: there a search looks at every row.

import Reactor

extension Migration {
    static let m0010NameSearch = Migration(
        version: 10, name: "name_search",
        up: Script(postgres: fasterFolding + trigramIndexes, sqlite: ""), down: Script(postgres: drops + slowerFolding, sqlite: ""))
}

/// A text of as many bytes as characters is ASCII; in UTF-8, and not in the encodings of one byte. Not STRICT: a strict function of CASE
/// would not be written into the statement that calls it. NULL stays NULL.
private let fasterFolding = folding(
    """
    CREATE OR REPLACE FUNCTION fold_case(text) RETURNS text LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
                AS 'SELECT CASE WHEN octet_length($1) = length($1) THEN upper($1 COLLATE "C")
                    ELSE upper(lower($1 COLLATE "und-x-icu")) COLLATE "C" END'
    """)

private let slowerFolding = folding(
    """
    CREATE OR REPLACE FUNCTION fold_case(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
                AS 'SELECT upper(lower($1 COLLATE "und-x-icu"))'
    """)

private func folding(_ function: String) -> String {
    """
    DO $$
    BEGIN
        IF getdatabaseencoding() = 'UTF8' AND EXISTS (SELECT FROM pg_collation WHERE collname = 'und-x-icu') THEN
            \(function);
        END IF;
    END
    $$;


    """
}

/// The extension may be in any schema: its operators are named by it. It goes into `public`, not into the schema of our tables: that one
/// may be dropped, and others of the database may use the extension too.
private let trigramIndexes = """
    DO $$
    DECLARE operators text;
    BEGIN
        BEGIN
            CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
        EXCEPTION WHEN OTHERS THEN
            RAISE NOTICE 'without pg_trgm: %', SQLERRM;
        END;
        SELECT quote_ident(n.nspname) || '.gin_trgm_ops' INTO operators
        FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm';
        IF operators IS NOT NULL THEN
            EXECUTE format('CREATE INDEX products_name_search_idx ON products USING gin (fold_case(name) %s)', operators);
            EXECUTE format('CREATE INDEX users_name_search_idx ON users USING gin (fold_case(name) %s)', operators);
            EXECUTE format('CREATE INDEX users_full_name_search_idx ON users USING gin (fold_case(full_name) %s)', operators);
            EXECUTE format('CREATE INDEX users_username_search_idx ON users USING gin (fold_case(username) %s)', operators);
        END IF;
    END
    $$;
    """

private let drops = """
    DROP INDEX IF EXISTS users_username_search_idx;
    DROP INDEX IF EXISTS users_full_name_search_idx;
    DROP INDEX IF EXISTS users_name_search_idx;
    DROP INDEX IF EXISTS products_name_search_idx;


    """

// Migration 4: a name means one file of its owner. Files are downloaded and deleted by it.

import Reactor

extension Migration {
    static let m0004Files = Migration(
        version: 4, name: "files",
        up: Script(postgres: uniqueNames, sqlite: uniqueNames),
        down: Script(postgres: anyNames, sqlite: anyNames))
}

private let uniqueNames = """
    DROP INDEX files_filename_idx;
    CREATE UNIQUE INDEX files_owner_id_filename_key ON files (owner_id, filename);
    """

private let anyNames = """
    DROP INDEX files_owner_id_filename_key;
    CREATE INDEX files_filename_idx ON files (owner_id, filename);
    """

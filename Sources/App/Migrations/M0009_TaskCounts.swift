// Migration 9: what a list of tasks and its statistics cost does not depend on how many tasks there are.
//
// Counting a thousand entries of an index is cheaper than keeping a counter: on PostgreSQL a create with a counter costs half as much
// again. So few owners have counters, those whose lists were found to be long, and triggers keep theirs in the transaction that changes
// the tasks, whoever that is. An owner has either no row of `task_counts` or one for each status and priority.

import Reactor

extension Migration {
    static let m0009TaskCounts = Migration(
        version: 9, name: "task_counts",
        up: Script(postgres: postgresTable + indexes, sqlite: sqliteTable + indexes),
        down: Script(postgres: postgresDrops, sqlite: sqliteDrops))
}

private let postgresTable = """
    CREATE TABLE task_counts (
        owner_id bigint NOT NULL CONSTRAINT task_counts_owner_id_fkey REFERENCES users (id) ON DELETE CASCADE,
        status varchar(20) NOT NULL,
        priority varchar(20) NOT NULL,
        tasks bigint NOT NULL,
        PRIMARY KEY (owner_id, status, priority)
    -- Room for new versions beside the old ones: an update then touches no index.
    ) WITH (fillfactor = 50);

    -- Whoever begins to count an owner's tasks holds the owner's row. A new task waits for that in its foreign key's check, which runs
    -- before this trigger; a change of an old one, or its end, waits here. The statements below then see the new counters.
    CREATE FUNCTION tasks_count() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            PERFORM FROM users WHERE id = OLD.owner_id FOR KEY SHARE;
            UPDATE task_counts SET tasks = tasks - 1
            WHERE owner_id = OLD.owner_id AND status = OLD.status AND priority = OLD.priority;
        END IF;
        IF TG_OP <> 'DELETE' THEN
            UPDATE task_counts SET tasks = tasks + 1
            WHERE owner_id = NEW.owner_id AND status = NEW.status AND priority = NEW.priority;
        END IF;
        RETURN NULL;
    END
    $$;
    CREATE TRIGGER tasks_count_insert AFTER INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION tasks_count();
    CREATE TRIGGER tasks_count_delete AFTER DELETE ON tasks FOR EACH ROW EXECUTE FUNCTION tasks_count();
    CREATE TRIGGER tasks_count_update AFTER UPDATE OF owner_id, status, priority ON tasks FOR EACH ROW
        WHEN ((OLD.owner_id, OLD.status, OLD.priority) IS DISTINCT FROM (NEW.owner_id, NEW.status, NEW.priority))
        EXECUTE FUNCTION tasks_count();


    """

/// One writer at a time: nobody's change is under way when counting begins.
private let sqliteTable = """
    CREATE TABLE task_counts (
        owner_id INTEGER NOT NULL CONSTRAINT task_counts_owner_id_fkey REFERENCES users (id) ON DELETE CASCADE,
        status TEXT NOT NULL,
        priority TEXT NOT NULL,
        tasks INTEGER NOT NULL,
        PRIMARY KEY (owner_id, status, priority)
    ) STRICT;

    CREATE TRIGGER tasks_count_insert AFTER INSERT ON tasks BEGIN
        UPDATE task_counts SET tasks = tasks + 1
        WHERE owner_id = NEW.owner_id AND status = NEW.status AND priority = NEW.priority;
    END;
    CREATE TRIGGER tasks_count_delete AFTER DELETE ON tasks BEGIN
        UPDATE task_counts SET tasks = tasks - 1
        WHERE owner_id = OLD.owner_id AND status = OLD.status AND priority = OLD.priority;
    END;
    CREATE TRIGGER tasks_count_update AFTER UPDATE OF owner_id, status, priority ON tasks BEGIN
        UPDATE task_counts SET tasks = tasks - 1
        WHERE owner_id = OLD.owner_id AND status = OLD.status AND priority = OLD.priority;
        UPDATE task_counts SET tasks = tasks + 1
        WHERE owner_id = NEW.owner_id AND status = NEW.status AND priority = NEW.priority;
    END;


    """

private let indexes = """
    -- Both filters at once: of the tasks of one status, few may have a priority. And the counts of who has no counters.
    CREATE INDEX tasks_status_priority_idx ON tasks (owner_id, status, priority, id DESC);
    -- What is overdue. Most tasks have no date, or are done.
    CREATE INDEX tasks_due_date_idx ON tasks (owner_id, due_date)
        WHERE due_date IS NOT NULL AND status IN ('pending', 'in_progress');
    """

private let postgresDrops = """
    DROP INDEX tasks_due_date_idx;
    DROP INDEX tasks_status_priority_idx;
    DROP TRIGGER tasks_count_update ON tasks;
    DROP TRIGGER tasks_count_delete ON tasks;
    DROP TRIGGER tasks_count_insert ON tasks;
    DROP FUNCTION tasks_count();
    DROP TABLE task_counts;
    """

private let sqliteDrops = """
    DROP INDEX tasks_due_date_idx;
    DROP INDEX tasks_status_priority_idx;
    DROP TRIGGER tasks_count_update;
    DROP TRIGGER tasks_count_delete;
    DROP TRIGGER tasks_count_insert;
    DROP TABLE task_counts;
    """

// How filters become SQL, and pages bytes.

import Reactor
import Testing

@testable import App

@Suite struct TaskListStatementTests {
    @Test func listsOneOwnersTasksNewestFirstWithTheTotal() {
        let list = TaskListStatement(owner: 7, TaskFilter()).list(PageRequest(limit: 100))
        #expect(
            list.statement.sqlite == """
                SELECT \(TaskRepository.columns), \
                (SELECT COALESCE((SELECT CAST(sum(tasks) AS bigint) FROM task_counts WHERE owner_id = $1), \
                (SELECT count(*) FROM tasks WHERE owner_id = $1))), \
                EXISTS (SELECT 1 FROM task_counts WHERE owner_id = $1) \
                FROM tasks WHERE owner_id = $1 ORDER BY id DESC LIMIT $2
                """)
        #expect(list.bindings == [.int(7), .int(100)])
    }

    @Test func filtersNarrowListAndTotalAlike() {
        let statement = TaskListStatement(owner: 7, TaskFilter(priority: .high, status: .inProgress))
        let list = statement.list(PageRequest(limit: 10))
        #expect(list.statement.sqlite.components(of: "owner_id = $1 AND priority = $2 AND status = $3") == 3)
        #expect(list.bindings == [.int(7), .text("high"), .text("in_progress"), .int(10)])
    }

    @Test func whatASearchMatchesIsCountedApart() {
        let statement = TaskListStatement(
            owner: 7, TaskFilter(priority: .high, status: .inProgress, search: "oat"))
        let list = statement.list(PageRequest(skip: 20, limit: 10))
        #expect(list.bindings == [.int(7), .text("high"), .text("in_progress"), .text("%oat%"), .int(10), .int(20)])
        let conditions = """
            owner_id = $1 AND priority = $2 AND status = $3 AND (fold_contains(title, $4) OR fold_contains(description, $4))
            """
        let inPostgres = """
            owner_id = $1 AND priority = $2 AND status = $3 AND (fold_case(title) LIKE fold_case($4) ESCAPE '!' \
            OR fold_case(description) LIKE fold_case($4) ESCAPE '!')
            """
        #expect(list.statement.postgres.components(of: inPostgres) == 1)
        #expect(!statement.tellsTotal)
        #expect(list.statement.sqlite.components(of: conditions) == 1)
        #expect(list.statement.sqlite.hasSuffix("LIMIT $5 OFFSET $6"))
        #expect(statement.count.statement.sqlite == "SELECT count(*) FROM tasks WHERE \(conditions)")
        #expect(statement.count.bindings == [.int(7), .text("high"), .text("in_progress"), .text("%oat%")])
    }

    @Test func aCursorNarrowsTheListAndNotTheTotal() {
        let list = TaskListStatement(owner: 7, TaskFilter()).list(PageRequest(skip: 5, limit: 10, cursor: Cursor(id: 40)))
        #expect(list.statement.sqlite.contains("FROM tasks WHERE owner_id = $1)"))
        #expect(list.statement.sqlite.hasSuffix("WHERE owner_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"))
        #expect(list.bindings == [.int(7), .int(40), .int(10)])
    }

    @Test func anEmptySearchIsNone() {
        #expect(TaskFilter(search: "") == TaskFilter())
    }
}

@Suite struct EncodedPageTests {
    private func task(_ id: Int64) -> TaskItem {
        TaskItem(
            id: id, title: "t", description: nil, priority: .low, status: .pending, dueDate: nil, ownerID: 7,
            createdAt: Timestamp(seconds: 0), updatedAt: Timestamp(seconds: 0))
    }

    private func page(_ ids: [Int64], total: Int, _ request: PageRequest) -> EncodedPage {
        EncodedPage(ids.map(task), total: total, request)
    }

    @Test func survivesTheCache() {
        let page = page([9, 8], total: 93, PageRequest(limit: 2))
        #expect(EncodedPage(bytes: page.bytes) == page)
        let empty = self.page([], total: 0, PageRequest())
        #expect(EncodedPage(bytes: empty.bytes) == empty)
        #expect(empty.json == Array("[]".utf8))
    }

    @Test func bringsTheTagOfItsOwnBytes() {
        let page = page([9, 8], total: 93, PageRequest(limit: 2))
        #expect(EntityTag.strong(hash: page.hash) == EntityTag.strong(page.json))
        #expect(page.hash != self.page([9, 7], total: 93, PageRequest(limit: 2)).hash)
    }

    @Test func refusesBytesThatAreNoPage() {
        #expect(EncodedPage(bytes: []) == nil)
        #expect(EncodedPage(bytes: Array(page([1], total: 1, PageRequest()).bytes.prefix(31))) == nil)
    }

    @Test func offersACursorWhereMoreMayFollow() {
        #expect(page([9, 8], total: 3, PageRequest(limit: 2)).nextCursor == Cursor(id: 8))
        #expect(page([9, 8], total: 2, PageRequest(limit: 2)).nextCursor == nil)
        #expect(page([9], total: 3, PageRequest(skip: 2, limit: 2)).nextCursor == nil)
        #expect(page([5, 4], total: 9, PageRequest(limit: 2, cursor: Cursor(id: 6))).nextCursor == Cursor(id: 4))
        #expect(page([1], total: 9, PageRequest(limit: 2, cursor: Cursor(id: 2))).nextCursor == nil)
    }
}

extension String {
    /// How often `part` occurs.
    fileprivate func components(of part: String) -> Int { ranges(of: part).count }
}

// How filters become SQL, and pages bytes.

import Reactor
import Testing

@testable import App

@Suite struct TaskListStatementTests {
    @Test func listsOneOwnersTasksNewestFirstWithTheTotal() {
        let list = TaskListStatement(owner: 7, TaskFilter()).list(PageRequest(limit: 100))
        #expect(
            list.statement.sqlite == """
                SELECT \(TaskRepository.columns), (SELECT count(*) FROM tasks WHERE owner_id = $1) FROM tasks \
                WHERE owner_id = $1 ORDER BY id DESC LIMIT $2
                """)
        #expect(list.bindings == [.int(7), .int(100)])
    }

    @Test func everyFilterNarrowsListAndTotalAlike() {
        let statement = TaskListStatement(
            owner: 7, TaskFilter(priority: .high, status: .inProgress, search: "oat"))
        let list = statement.list(PageRequest(skip: 20, limit: 10))
        #expect(list.bindings == [.int(7), .text("high"), .text("in_progress"), .text("%oat%"), .int(10), .int(20)])
        let conditions = """
            owner_id = $1 AND priority = $2 AND status = $3 AND (fold_case(title) LIKE fold_case($4) ESCAPE '!' \
            OR fold_case(description) LIKE fold_case($4) ESCAPE '!')
            """
        #expect(list.statement.sqlite.components(of: conditions) == 2)
        #expect(list.statement.sqlite.hasSuffix("LIMIT $5 OFFSET $6"))
        #expect(statement.count.statement.sqlite == "SELECT count(*) FROM tasks WHERE \(conditions)")
        #expect(statement.count.bindings == [.int(7), .text("high"), .text("in_progress"), .text("%oat%")])
    }

    @Test func aCursorNarrowsTheListAndNotTheTotal() {
        let list = TaskListStatement(owner: 7, TaskFilter()).list(PageRequest(skip: 5, limit: 10, cursor: Cursor(id: 40)))
        #expect(list.statement.sqlite.contains("(SELECT count(*) FROM tasks WHERE owner_id = $1)"))
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
        EncodedPage(TaskRepository.Page(tasks: ids.map(task), total: total), request)
    }

    @Test func survivesTheCache() {
        let page = page([9, 8], total: 93, PageRequest(limit: 2))
        #expect(EncodedPage(bytes: page.bytes) == page)
        let empty = self.page([], total: 0, PageRequest())
        #expect(EncodedPage(bytes: empty.bytes) == empty)
        #expect(empty.json == Array("[]".utf8))
    }

    @Test func refusesBytesThatAreNoPage() {
        #expect(EncodedPage(bytes: []) == nil)
        #expect(EncodedPage(bytes: Array(page([1], total: 1, PageRequest()).bytes.prefix(23))) == nil)
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

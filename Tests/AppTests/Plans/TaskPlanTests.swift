// What /tasks asks the database reads indexes, whatever the filter.

@testable import App
import Reactor
import TestSupport
import Testing

@Suite struct TaskPlanTests {
    private static let filters = [
        TaskFilter(), TaskFilter(priority: .low), TaskFilter(status: .completed), TaskFilter(priority: .low, status: .pending),
        TaskFilter(search: "task 7"), TaskFilter(priority: .low, status: .completed, search: "description"),
    ]
    private static let pages = [
        PageRequest(limit: 10), PageRequest(skip: 5, limit: 10), PageRequest(limit: 10, cursor: Cursor(id: 15_000)),
    ]

    @Test(arguments: TestDatabase.available)
    func listsWalkDownAnIndexAndSortNothing(_ backend: TestDatabase) async throws {
        try await PlanFixture.run(on: backend, [.tasks]) { transaction in
            for owner in [PlanFixture.busy, PlanFixture.ordinary] {
                for filter in TaskPlanTests.filters {
                    // A search looks at all of the owner's anyway; and both filters leave fewer here than a page has room for.
                    let isNarrow = filter.search != nil || (filter.priority != nil && filter.status != nil)
                    let sorts = owner == PlanFixture.ordinary || isNarrow
                    for page in TaskPlanTests.pages {
                        try await PlanFixture.expectIndexes(in: transaction, sorts: sorts) {
                            _ = try await TaskRepository.list(ownedBy: owner, filter, page, in: $0)
                        }
                    }
                    try await PlanFixture.expectIndexes(in: transaction) {
                        _ = try await TaskRepository.count(ownedBy: owner, filter, in: $0)
                    }
                }
            }
        }
    }

    @Test(arguments: TestDatabase.available)
    func everyFilterHasAnIndexOfItsOwn(_ backend: TestDatabase) async throws {
        try await PlanFixture.run(on: backend, [.tasks]) { transaction in
            for (filter, index) in [
                (TaskFilter(), "tasks_owner_id_idx"), (TaskFilter(priority: .low), "tasks_priority_idx"),
                (TaskFilter(status: .completed), "tasks_status_idx"),
                (TaskFilter(priority: .low, status: .pending), "tasks_status_priority_idx"),
            ] {
                let list = TaskListStatement(owner: PlanFixture.busy, filter).list(PageRequest(limit: 10, cursor: Cursor(id: 9_000)))
                for plan in try await QueryPlan.all(of: list.statement, list.bindings, in: transaction) {
                    #expect(plan.uses(index), "\(plan)")
                }
            }
        }
    }

    @Test(arguments: TestDatabase.available)
    func statisticsCountersAndSingleTasksReadIndexes(_ backend: TestDatabase) async throws {
        try await PlanFixture.run(on: backend, [.tasks]) { transaction in
            for owner in [PlanFixture.busy, PlanFixture.ordinary] {
                try await PlanFixture.expectIndexes(in: transaction, sorts: true) { executor in
                    _ = try await TaskRepository.statistics(ofOwner: owner, now: PlanFixture.now, in: executor)
                    try await TaskCountRepository.begin(ofOwner: owner, in: executor)
                    _ = try await TaskRepository.statistics(ofOwner: owner, now: PlanFixture.now, in: executor)
                }
            }
            for scope in [TaskRepository.Scope.owner(PlanFixture.busy), .everybody] {
                try await PlanFixture.expectIndexes(in: transaction) { executor in
                    _ = try await TaskRepository.find(50, scope, in: executor)
                    _ = try await TaskRepository.delete(50, scope, in: executor)
                }
            }
        }
    }

    /// What the tests above would see if somebody dropped an index.
    @Test(arguments: TestDatabase.available)
    func aMissingIndexIsFoundOut(_ backend: TestDatabase) async throws {
        try await PlanFixture.run(on: backend, [.tasks]) { transaction in
            let list = TaskListStatement(owner: PlanFixture.busy, TaskFilter()).list(PageRequest(limit: 10))
            for name in ["owner_id", "status", "priority", "status_priority", "due_date"] {
                try await transaction.script("DROP INDEX tasks_\(name)_idx")
            }
            for plan in try await QueryPlan.all(of: list.statement, list.bindings, in: transaction) {
                #expect(!(plan.scans(of: ["tasks"]) + plan.walks(of: ["tasks"]) + plan.sorts).isEmpty, "\(plan)")
            }
        }
    }
}

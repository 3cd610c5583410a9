// What /products, /posts and the queue of jobs ask the database reads indexes.

import Reactor
import TestSupport
import Testing

@testable import Actors
@testable import App

@Suite struct CatalogPlanTests {
    @Test(arguments: TestDatabase.available)
    func singleProductsAndPostsAreFoundByTheirKeys(_ backend: TestDatabase) async throws {
        try await PlanFixture.run(on: backend, [.products, .posts]) { transaction in
            try await PlanFixture.expectIndexes(in: transaction) { executor in
                _ = try await ProductRepository.find(7, in: executor)
                _ = try await ProductRepository.delete(7, in: executor)
                _ = try await PostRepository.find(7, in: executor)
                _ = try await PostRepository.delete(7, by: PlanFixture.ordinary, in: executor)
            }
        }
    }

    /// Unfiltered lists are the table itself, newest first.
    @Test(arguments: TestDatabase.available)
    func listsOfEverythingWalkDownThePrimaryKey(_ backend: TestDatabase) async throws {
        try await PlanFixture.run(on: backend, [.products, .posts]) { transaction in
            for page in [PageRequest(limit: 10), PageRequest(limit: 10, cursor: Cursor(id: 2_000))] {
                try await PlanFixture.expectIndexes(in: transaction, walks: true, reading: ["posts_user_id_idx"]) { executor in
                    _ = try await ProductRepository.list(ProductFilter(), page, in: executor)
                    _ = try await PostRepository.list(by: nil, page, in: executor)
                    _ = try await PostRepository.counts(page, in: executor)
                    _ = try await UserRepository.list(UserFilter(), page, in: executor)
                }
            }
        }
    }

    /// Where the server has trigrams, as every distribution's has.
    @Test(arguments: TestDatabase.available)
    func aPartOfANameIsFoundByItsTrigrams(_ backend: TestDatabase) async throws {
        guard backend.dialect == .postgres else { return }
        try await PlanFixture.run(on: backend, [.products]) { transaction in
            let extensions = try await transaction.execute(.read("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'"), [])
            guard !extensions.isEmpty else { return }
            let products = ProductRepository.list(ProductFilter(name: "product 777"), .postgres)
            // The users of this test are few enough to be read as a whole, and counting them has no other way to go.
            try await transaction.script("SET LOCAL enable_seqscan = off")
            for (bound, index) in [
                (products.list(PageRequest(limit: 10)), "products_name_search_idx"), (products.count, "products_name_search_idx"),
                (UserFilter(name: "name 777", searchesAllNames: false).statement.count, "users_name_search_idx"),
                (UserFilter(name: "name 777").statement.count, "users_full_name_search_idx"),
            ] {
                // The plan for a known word: PostgreSQL keeps to it as long as the one for any word is dearer.
                let plan = try await QueryPlan.all(of: bound.statement, bound.bindings, in: transaction)[0]
                #expect(plan.uses(index), "\(plan)")
            }
        }
    }

    @Test(arguments: TestDatabase.available)
    func oneUsersPostsAreListedByAnIndex(_ backend: TestDatabase) async throws {
        try await PlanFixture.run(on: backend, [.posts]) { transaction in
            for page in [PageRequest(limit: 10), PageRequest(limit: 10, cursor: Cursor(id: 9_000))] {
                for author in [PlanFixture.busy, PlanFixture.ordinary] {
                    try await PlanFixture.expectIndexes(in: transaction, sorts: author == PlanFixture.ordinary) { executor in
                        _ = try await PostRepository.list(by: author, page, in: executor)
                    }
                }
            }
        }
    }

    @Test(arguments: TestDatabase.available)
    func jobsAreListedClaimedAndRemovedByIndexes(_ backend: TestDatabase) async throws {
        try await PlanFixture.run(on: backend, [.jobs]) { transaction in
            let end = JobPosition(createdAt: PlanFixture.now, id: JobID())
            for owner in [PlanFixture.busy, PlanFixture.ordinary] {
                try await PlanFixture.expectIndexes(in: transaction, sorts: owner == PlanFixture.ordinary) { executor in
                    let statement = JobListStatement(JobFilter(ownerID: owner))
                    for bound in [
                        statement.list(limit: 10, skip: 0, after: nil), statement.list(limit: 10, skip: 0, after: end), statement.count,
                    ] {
                        _ = try await executor.execute(bound.statement, bound.bindings)
                    }
                }
            }
            try await PlanFixture.expectIndexes(in: transaction, reading: ["jobs_claim_idx"]) { executor in
                _ = try await executor.execute(JobStatements.nextDue, [])
                _ = try await executor.execute(JobStatements.record, [.uuid(end.id.text)])
                _ = try await executor.execute(JobStatements.reclaimExpired, [.timestamp(PlanFixture.now)])
            }
            try await PlanFixture.expectIndexes(in: transaction, sorts: true, reading: ["jobs_claim_idx"]) { executor in
                _ = try await executor.execute(
                    JobStatements.claim, [.timestamp(PlanFixture.now), .text("worker"), .timestamp(PlanFixture.now), .int(5)])
                _ = try await executor.execute(JobStatements.removeFinished, [.timestamp(Timestamp(seconds: 1_779_999_000)), .int(10)])
            }
        }
    }
}

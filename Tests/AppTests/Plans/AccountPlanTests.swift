// What sessions, tokens, files and maintenance ask the database reads indexes.

import Actors
import Reactor
import TestSupport
import Testing

@testable import App

@Suite struct AccountPlanTests {
    private static let session = SessionID(rawValue: "00000007-0000-4000-8000-000000000000")
    private static let now = PlanFixture.now

    @Test(arguments: TestDatabase.available)
    func usersAreFoundByIndexes(_ backend: TestDatabase) async throws {
        try await PlanFixture.run(on: backend, []) { transaction in
            try await PlanFixture.expectIndexes(in: transaction) { executor in
                _ = try await UserRepository.find(id: 7, in: executor)
                _ = try await UserRepository.credentials(login: "USER7@example.com", in: executor)
                _ = try await UserRepository.credentials(login: "user7", in: executor)
                _ = try await UserRepository.lockCredentials(id: 7, in: executor)
            }
            // The administrators are few.
            try await PlanFixture.expectIndexes(in: transaction, sorts: true, reading: ["users_active_admins_idx"]) {
                _ = try await UserRepository.lockActiveAdmins(in: $0)
            }
        }
    }

    @Test(arguments: TestDatabase.available)
    func sessionsAndTokensAreFoundByIndexes(_ backend: TestDatabase) async throws {
        try await PlanFixture.run(on: backend, [.sessions, .refreshTokens, .oneTimeTokens]) { transaction in
            // One user's sessions, which end after a month: they may be sorted.
            try await PlanFixture.expectIndexes(in: transaction, sorts: true) { executor in
                _ = try await SessionRepository.activeSessions(
                    ofUser: PlanFixture.ordinary, now: AccountPlanTests.now, PageRequest(limit: 10), in: executor)
            }
            try await PlanFixture.expectIndexes(in: transaction) { executor in
                _ = try await SessionRepository.liveSession(AccountPlanTests.session, now: AccountPlanTests.now, in: executor)
                _ = try await SessionRepository.find(RefreshToken.random(), in: executor)
                _ = try await SessionRepository.spend(tokenID: 7, now: AccountPlanTests.now, in: executor)
                _ = try await SessionRepository.end(
                    AccountPlanTests.session, ofUser: PlanFixture.ordinary, now: AccountPlanTests.now, in: executor)
                _ = try await OneTimeTokenRepository.redeem(OneTimeToken.random(), .passwordReset, now: AccountPlanTests.now, in: executor)
                try await OneTimeTokenRepository.invalidate(
                    .passwordReset, ofUser: PlanFixture.ordinary, now: AccountPlanTests.now, in: executor)
            }
        }
    }

    @Test(arguments: TestDatabase.available)
    func sweepsFindWhatHasExpiredByIndexes(_ backend: TestDatabase) async throws {
        try await PlanFixture.run(on: backend, [.sessions, .refreshTokens, .oneTimeTokens, .idempotencyKeys]) { transaction in
            let cutoff = try #require(Timestamp(rfc3339: "2026-05-29T00:10:00Z"))
            // What is removed is as many rows as the statement's limit at the most.
            try await PlanFixture.expectIndexes(in: transaction, sorts: true) { executor in
                _ = try await SessionRepository.removeExpired(before: cutoff, limit: 10, in: executor)
                _ = try await OneTimeTokenRepository.removeExpired(before: cutoff, limit: 10, in: executor)
                _ = try await IdempotencyRepository.removeExpired(before: cutoff, limit: 10, in: executor)
            }
        }
    }

    @Test(arguments: TestDatabase.available)
    func filesAreFoundByIndexes(_ backend: TestDatabase) async throws {
        try await PlanFixture.run(on: backend, [.files]) { transaction in
            let id = try #require(FileID("01312d00-0000-4000-8000-000000000000"))
            for owner in [PlanFixture.busy, PlanFixture.ordinary] {
                let scope = FileRepository.Scope.owner(owner)
                let behind = Cursor(id: AccountPlanTests.now.microseconds)
                try await PlanFixture.expectIndexes(in: transaction, sorts: owner == PlanFixture.ordinary) { executor in
                    _ = try await FileRepository.list(ownedBy: owner, PageRequest(limit: 10), in: executor)
                    _ = try await FileRepository.list(ownedBy: owner, PageRequest(limit: 10, cursor: behind), in: executor)
                    _ = try await FileRepository.usage(of: owner, in: executor)
                    _ = try await FileRepository.taken(["file7"], of: owner, in: executor)
                    _ = try await FileRepository.find(.name("file7"), scope, in: executor)
                    _ = try await FileRepository.find(.id(id), scope, in: executor)
                    _ = try await FileRepository.delete(.id(id), scope, in: executor)
                }
            }
        }
    }
}

// SQLSTATEs, the statement cache and parameters: the small pure pieces.

@testable import Reactor
import Testing

@Suite struct PostgresFailureTests {
    @Test func constraintsAreNamed() {
        #expect(error("23505", constraint: "users_email_key") == .constraint(.unique, name: "users_email_key"))
        #expect(error("23503", constraint: "tasks_owner_fkey") == .constraint(.foreignKey, name: "tasks_owner_fkey"))
        #expect(error("23514", constraint: "tasks_status_check") == .constraint(.check, name: "tasks_status_check"))
        #expect(error("23502", column: "title") == .constraint(.notNull, name: "title"))
    }

    @Test func collisionsMayBeRetried() {
        #expect(error("40001") == .serialization)
        #expect(error("40P01") == .serialization)
    }

    @Test func cancellationByTimeoutIsATimeout() {
        #expect(error("57014", "canceling statement due to statement timeout") == .timeout("the statement took too long"))
        #expect(error("57014", "canceling statement due to user request") == .cancelled)
    }

    @Test func aServerThatEndsLeavesWritesUnknown() {
        for state in ["57P01", "57P02", "08006"] {
            #expect(error(state, isWrite: true) == .connectionLost(commitUnknown: true))
            #expect(error(state, isWrite: false) == .connectionLost(commitUnknown: false))
        }
    }

    @Test func everythingElseKeepsItsState() {
        #expect(error("42P01", "relation does not exist") == .statement(sqlState: "42P01", message: "relation does not exist"))
    }

    @Test func staleStatementsAreRecognised() {
        #expect(failure("26000").isStaleStatement)
        #expect(failure("0A000", "cached plan must not change result type").isStaleStatement)
        #expect(!failure("0A000", "something else is not supported").isStaleStatement)
    }

    private func failure(
        _ state: String, _ message: String = "", constraint: String? = nil, column: String? = nil
    ) -> PostgresFailure {
        PostgresFailure(sqlState: state, message: message, constraint: constraint, column: column)
    }

    private func error(
        _ state: String, _ message: String = "", constraint: String? = nil, column: String? = nil, isWrite: Bool = true
    ) -> DatabaseError {
        failure(state, message, constraint: constraint, column: column).error(isWrite: isWrite)
    }
}

@Suite struct PostgresStatementCacheTests {
    @Test func oneTextIsOneStatement() {
        var cache = PostgresStatementCache()
        let first = cache.statement("SELECT 1") { _ in }
        #expect(cache.statement("SELECT 1") { _ in } === first)
        #expect(cache.statement("SELECT 2") { _ in } !== first)
        #expect(cache.count == 2)
    }

    @Test func theLeastRecentlyUsedMakesRoom() {
        var cache = PostgresStatementCache(capacity: 2)
        var evicted: [String] = []
        let first = cache.statement("1") { evicted.append($0) }
        let second = cache.statement("2") { evicted.append($0) }
        first.isPrepared = true
        second.isPrepared = true
        _ = cache.statement("1") { evicted.append($0) }
        _ = cache.statement("3") { evicted.append($0) }
        #expect(evicted == [second.name])
        #expect(cache.count == 2)
    }

    @Test func anInvalidStatementsSuccessorHasAnotherName() {
        var cache = PostgresStatementCache()
        let first = cache.statement("1") { _ in }
        cache.invalidate("1", first)
        let second = cache.statement("1") { _ in }
        #expect(second.name != first.name)
        cache.invalidate("1", first)
        #expect(cache.statement("1") { _ in } === second)
    }
}

@Suite struct PostgresParametersTests {
    @Test func refusesATextThatPostgresCannotStore() {
        var parameters = PostgresParameters()
        let error = #expect(throws: DatabaseError.self) { try parameters.encode([.text("a\u{0}b")]) }
        guard case .statement(sqlState: "22021", _)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func refusesMoreParametersThanTheProtocolHas() {
        var parameters = PostgresParameters()
        #expect(throws: DatabaseError.self) { try parameters.encode(Array(repeating: .null, count: 65_536)) }
        #expect(throws: Never.self) { try parameters.encode(Array(repeating: .null, count: 65_535)) }
        #expect(parameters.count == 65_535)
    }
}

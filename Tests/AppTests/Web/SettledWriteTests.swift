// What is forgotten after a write, and when.

import Reactor
import Testing

@testable import App

@Suite struct SettledWriteTests {
    /// What happens, in its order.
    private final class Course {
        var steps: [String] = []
    }

    private struct Lost: Error {}

    private func steps(_ write: () throws -> String) async -> [String] {
        let course = Course()
        do {
            let result = try await SettledWrite.run {
                course.steps.append("written")
                return try write()
            } forgetting: {
                course.steps.append("forgotten")
            }
            course.steps.append(result)
        } catch {
            course.steps.append("thrown")
        }
        return course.steps
    }

    @Test func forgetsAfterTheWrite() async {
        await #expect(steps { "done" } == ["written", "forgotten", "done"])
    }

    @Test(
        arguments: [
            Lost(), CancellationError(), DatabaseError.connectionLost(commitUnknown: true), DatabaseError.timeout("late"),
            DatabaseError.cancelled, DatabaseError.serialization,
        ] as [any Error])
    func forgetsWhereNobodyKnowsWhatBecameOfIt(_ error: any Error) async {
        await #expect(steps { throw error } == ["written", "forgotten", "thrown"])
    }

    @Test(arguments: [APIError.userNotFound, DatabaseError.constraint(.unique, name: "users_email_key")] as [any Error])
    func keepsWhatARefusalLeavesTrue(_ error: any Error) async {
        await #expect(steps { throw error } == ["written", "thrown"])
    }
}

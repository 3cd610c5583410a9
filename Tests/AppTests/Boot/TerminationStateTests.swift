// What SIGTERM does, and when.

@testable import App
import Testing

@Suite struct TerminationStateTests {
    @Test func aSignalBeforeServingEndsTheProcessCleanly() {
        var state = TerminationState()
        #expect(state.received() == .exit(0))
    }

    @Test func theFirstSignalDrainsAndTheSecondExitsNow() {
        var state = TerminationState()
        state.isServing = true
        #expect(state.received() == .drain)
        #expect(state.received() == .exit(1))
        #expect(state.received() == .exit(1))
    }
}

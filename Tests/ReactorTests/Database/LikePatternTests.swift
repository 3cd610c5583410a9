// Search patterns.

import Reactor
import Testing

@Suite struct LikePatternTests {
    @Test(arguments: [
        ("milk", "%milk%"), ("100%", "%100!%%"), ("a_b", "%a!_b%"), ("wow!", "%wow!!%"), ("\\", "%\\%"), ("%", "%!%%"), ("ü", "%ü%"),
    ])
    func noCharacterOfASearchIsAWildcard(_ search: String, _ pattern: String) {
        #expect(LikePattern.containing(Text(search)) == pattern)
    }

    @Test func conditionsFoldBothSides() {
        #expect(LikePattern.condition("title", "$4") == "fold_case(title) LIKE fold_case($4) ESCAPE '!'")
    }
}

// Search patterns.

@testable import Reactor
import Testing

@Suite struct LikePatternTests {
    @Test(arguments: [
        ("milk", "%milk%"), ("100%", "%100!%%"), ("a_b", "%a!_b%"), ("wow!", "%wow!!%"), ("\\", "%\\%"), ("%", "%!%%"), ("ü", "%ü%"),
    ])
    func noCharacterOfASearchIsAWildcard(_ search: String, _ pattern: String) {
        #expect(LikePattern.containing(Text(search)) == pattern)
        #expect(LikePattern.text(of: Text(pattern)) == search)
    }

    @Test func conditionsFoldBothSides() {
        #expect(LikePattern.condition("title", "$4", .postgres) == "fold_case(title) LIKE fold_case($4) ESCAPE '!'")
        #expect(LikePattern.condition("title", "$4", .sqlite) == "fold_contains(title, $4)")
    }
}

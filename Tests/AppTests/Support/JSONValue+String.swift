import Reactor

@testable import App

extension JSONValue {
    /// The text of a string, for expectations: what it is compared with is the test's own.
    var string: String? { text?.swiftString }
}

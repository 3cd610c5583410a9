// The three things a member of a PATCH body can be. Swift's optionals have two.

/// A member that may be left out, null, or set.
enum Patch<Value: Sendable>: Sendable {
    case absent
    case null
    case value(Value)

    /// What the stored value becomes: itself where the member was left out.
    func applied(to current: Value?) -> Value? {
        switch self {
        case .absent: current
        case .null: nil
        case .value(let value): value
        }
    }

    var isAbsent: Bool {
        if case .absent = self { true } else { false }
    }
}

extension Patch: Equatable where Value: Equatable {}

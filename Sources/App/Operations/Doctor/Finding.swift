// What the doctor found, one thing each. Values; any thread.

import Reactor

/// The result of one check.
struct Finding: Sendable, Hashable {
    enum Level: String, Sendable, Comparable {
        case ok, warn, fail

        static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }

        private var rank: Int {
            switch self {
            case .ok: 0
            case .warn: 1
            case .fail: 2
            }
        }
    }

    /// What was looked at, in one word.
    var check: String
    var level: Level
    /// What is so.
    var detail: String
    /// What to do about it.
    var hint: String?

    static func ok(_ check: String, _ detail: String) -> Finding {
        Finding(check: check, level: .ok, detail: detail)
    }

    static func warn(_ check: String, _ detail: String, hint: String) -> Finding {
        Finding(check: check, level: .warn, detail: detail, hint: hint)
    }

    static func fail(_ check: String, _ detail: String, hint: String) -> Finding {
        Finding(check: check, level: .fail, detail: detail, hint: hint)
    }

    var json: JSONValue {
        [
            "check": .string(check), "level": .string(level.rawValue), "detail": .string(detail),
            "hint": hint.map { .string($0) } ?? .null,
        ]
    }
}

extension [Finding] {
    /// What the command ends with.
    var isHealthy: Bool { allSatisfy { $0.level < .fail } }

    /// `{"status": "ok", "checks": [...]}`: the worst level counts.
    var json: JSONValue {
        [
            "status": .string((map(\.level).max() ?? .ok).rawValue),
            "checks": .array(map(\.json)),
        ]
    }
}

extension Duration {
    /// For people: whole milliseconds, and tenths below ten of them.
    var milliseconds: String {
        let tenths = wholeNanoseconds / 100_000
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10) ms" : "\(tenths / 10) ms"
    }
}

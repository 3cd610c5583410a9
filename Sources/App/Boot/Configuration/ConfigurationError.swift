// Why the program refuses to start. Values; any thread.

/// Everything that is wrong with the configuration, each fault with the variable it is about. The program then exits with 78
/// (EX_CONFIG of sysexits.h), which tells a supervisor that trying again will not help.
struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One fault. `reason` never quotes a secret.
    struct Problem: Sendable, Equatable {
        let variable: String
        let reason: String
    }

    static let exitCode: Int32 = 78

    let problems: [Problem]

    /// One line a fault.
    var description: String {
        problems.map { "\($0.variable): \($0.reason)" }.joined(separator: "\n")
    }
}

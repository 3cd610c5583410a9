// One step of the schema, in both dialects. Values; any thread.
//
// The SQL stands in Swift files beside the list that orders them, and not in resource files: the executable stays one file,
// and a migration that is missing from the list, or a number that is used twice, is found by a test and not by a deployment.

import Crypto
import Reactor

/// A numbered change of the schema that can be applied and taken back.
struct Migration: Sendable, Hashable {
    /// SQL in both dialects: several statements, without parameters, without transaction control.
    struct Script: Sendable, Hashable {
        var postgres: String
        var sqlite: String

        func text(_ dialect: SQLDialect) -> String {
            switch dialect {
            case .postgres: postgres
            case .sqlite: sqlite
            }
        }
    }

    /// Its place: 1, 2, 3 ...
    var version: Int
    /// In lower case with underscores, such as `add_products`.
    var name: String
    var up: Script
    var down: Script

    /// `0001_initial`.
    var label: String { Migration.label(version: version, name: name) }

    static func label(version: Int, name: String) -> String {
        let digits = String(version)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "_" + name
    }

    /// SHA-256, in hexadecimal, of what applying it runs in this dialect. The way down is not part of it: mending that
    /// changes no database that exists.
    func checksum(_ dialect: SQLDialect) -> String {
        SHA256.hash(data: Array(up.text(dialect).utf8)).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}

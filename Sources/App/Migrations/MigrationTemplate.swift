// The files that `reactor migrate new NAME` writes. The texts are made purely; writing them blocks.

import Reactor

/// Why a migration could not be begun.
enum MigrationTemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    case badName(String)
    case noSourceFolder(String)
    case file(FileError)
    /// What is between the schemas would be partly what is pending.
    case pendingMigrations

    var description: String {
        switch self {
        case .badName(let name):
            "a migration's name is one or more words of letters and digits, such as add_products; this is none: \(name)"
        case .noSourceFolder(let folder):
            "\(folder) holds no migrations: run this in the repository"
        case .file(let error):
            "the migration cannot be written: \(error)"
        case .pendingMigrations:
            "migrations are pending: run reactor migrate up first, or what they do would be written again"
        }
    }
}

/// A migration about to be written by a person.
struct MigrationTemplate: Sendable, Hashable {
    static let folder = "Sources/App/Migrations"
    static let listFile = "AllMigrations.swift"

    let version: Int
    /// `add_products`.
    let name: String

    /// - Parameter text: words, in whatever way they are joined: `add products`, `add-products`, `AddProducts`.
    init(name text: String, version: Int) throws(MigrationTemplateError) {
        var words: [String] = []
        var isInWord = false
        for character in text {
            if character.isASCII, character.isLetter || character.isNumber {
                if character.isUppercase || !isInWord { words.append("") }
                words[words.count - 1] += character.lowercased()
                isInWord = true
            } else if character == " " || character == "_" || character == "-" {
                isInWord = false
            } else {
                throw .badName(text)
            }
        }
        guard !words.isEmpty, text.count <= 80 else { throw .badName(text) }
        name = words.joined(separator: "_")
        self.version = version
    }

    private var digits: String { String(Migration.label(version: version, name: "").dropLast()) }

    private var camelCase: String {
        name.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    /// `m0002AddProducts`.
    var identifier: String { "m\(digits)\(camelCase)" }

    /// `M0002_AddProducts.swift`.
    var fileName: String { "M\(digits)_\(camelCase).swift" }

    var source: String { source(opening: ["say here what changes, and why."], up: nil, down: nil) }

    /// - Parameters:
    ///   - opening: the opening comment behind the migration's number, line by line.
    ///   - up: nil leaves both dialects to be filled in; likewise `down`.
    func source(opening: [String], up: Migration.Script?, down: Migration.Script?) -> String {
        let comment = opening.enumerated().map { $0 == 0 ? "// Migration \(version): \($1)" : "// \($1)" }.joined(separator: "\n")
        return """
            \(comment)

            extension Migration {
                static let \(identifier) = Migration(
                    version: \(version), name: "\(name)",
                    up: Script(
                        postgres: \(MigrationTemplate.quoted(up?.postgres)),
                        sqlite: \(MigrationTemplate.quoted(up?.sqlite))),
                    down: Script(
                        postgres: \(MigrationTemplate.quoted(down?.postgres)),
                        sqlite: \(MigrationTemplate.quoted(down?.sqlite))))
            }

            """
    }

    /// The migration that carries `changes` out, with what a person must look at in its opening comment.
    func source(of changes: [SchemaChange]) -> String {
        let scripts = SchemaChange.scripts(changes)
        let opening = ["say here why. What:"] + changes.flatMap(\.lines) + SchemaChange.warnings(changes).map { "Look at this: \($0)." }
        return source(opening: opening, up: scripts.up, down: scripts.down)
    }

    /// SQL as a literal of several lines.
    private static func quoted(_ sql: String?) -> String {
        let quotes = "\"\"\""
        let indent = String(repeating: " ", count: 16)
        let lines = (sql ?? "").split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.isEmpty ? "" : indent + line.map { $0 == "\\" || $0 == "\"" ? "\\\($0)" : String($0) }.joined()
        }
        return sql == nil || sql == "" ? "\(quotes)\n\(indent)\(quotes)" : "\(quotes)\n\(lines.joined(separator: "\n"))\n\(indent)\(quotes)"
    }

    /// The list with this migration at its end; nil where the list does not look like one.
    func registered(in list: String) -> String? {
        let end = "\n    ]"
        guard let range = list.ranges(of: end).last, !list.contains(".\(identifier),") else { return nil }
        let head = list[..<range.lowerBound]
        let comma = head.hasSuffix(",") || head.hasSuffix("[") ? "" : ","
        return head + "\(comma)\n        .\(identifier)," + list[range.lowerBound...]
    }

    /// Writes the migration's file and its line in the list. Blocks.
    /// - Parameter changes: what it does; none leaves that to a person.
    /// - Returns: the path of the new file.
    static func write(
        name: String, changes: [SchemaChange] = [], after known: [Migration] = Migration.all,
        folder: String = MigrationTemplate.folder
    ) throws(MigrationTemplateError) -> String {
        let template = try MigrationTemplate(name: name, version: (known.map(\.version).max() ?? 0) + 1)
        do {
            let reader = try FileReader(path: "\(folder)/\(listFile)")
            let list = String(decoding: try reader.read(offset: 0, count: reader.sizeBytes), as: UTF8.self)
            guard let registered = template.registered(in: list) else {
                throw MigrationTemplateError.noSourceFolder(folder)
            }
            let text = changes.isEmpty ? template.source : template.source(of: changes)
            try DurableFile.write(Array(text.utf8), directory: folder, name: template.fileName)
            try DurableFile.write(Array(registered.utf8), directory: folder, name: listFile)
            return "\(folder)/\(template.fileName)"
        } catch let error as FileError {
            throw error.isNotFound ? .noSourceFolder(folder) : .file(error)
        } catch let error as MigrationTemplateError {
            throw error
        } catch {
            throw .noSourceFolder(folder)
        }
    }
}

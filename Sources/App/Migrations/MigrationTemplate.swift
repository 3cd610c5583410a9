// The files that `reactor migrate new NAME` writes. The texts are made purely; writing them blocks.

import Reactor

/// Why a migration could not be begun.
enum MigrationTemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    case badName(String)
    case noSourceFolder(String)
    case file(FileError)

    var description: String {
        switch self {
        case .badName(let name):
            "a migration's name is one or more words of letters and digits, such as add_products; this is none: \(name)"
        case .noSourceFolder(let folder):
            "\(folder) holds no migrations: run this in the repository"
        case .file(let error):
            "the migration cannot be written: \(error)"
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

    var source: String {
        let quotes = "\"\"\""
        let empty = "\(quotes)\n                \(quotes)"
        return """
            // Migration \(version): say here what changes, and why.

            extension Migration {
                static let \(identifier) = Migration(
                    version: \(version), name: "\(name)",
                    up: Script(
                        postgres: \(empty),
                        sqlite: \(empty)),
                    down: Script(
                        postgres: \(empty),
                        sqlite: \(empty)))
            }

            """
    }

    /// The list with this migration at its end; nil where the list does not look like one.
    func registered(in list: String) -> String? {
        let end = "\n    ]"
        guard let range = list.ranges(of: end).last, !list.contains(".\(identifier),") else { return nil }
        return list[..<range.lowerBound] + "\n        .\(identifier)," + list[range.lowerBound...]
    }

    /// Writes the migration's file and its line in the list. Blocks.
    /// - Returns: the path of the new file.
    static func write(
        name: String, after known: [Migration] = Migration.all, folder: String = MigrationTemplate.folder
    ) throws(MigrationTemplateError) -> String {
        let template = try MigrationTemplate(name: name, version: (known.map(\.version).max() ?? 0) + 1)
        do {
            let reader = try FileReader(path: "\(folder)/\(listFile)")
            let list = String(decoding: try reader.read(offset: 0, count: reader.sizeBytes), as: UTF8.self)
            guard let registered = template.registered(in: list) else {
                throw MigrationTemplateError.noSourceFolder(folder)
            }
            try DurableFile.write(Array(template.source.utf8), directory: folder, name: template.fileName)
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

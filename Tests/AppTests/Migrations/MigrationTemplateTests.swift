// `migrate new NAME`: names, and the files that it writes.

@testable import App
import Reactor
import TestSupport
import Testing

@Suite struct MigrationTemplateTests {
    @Test(arguments: ["add products", "add-products", "add_products", "AddProducts", "addProducts"])
    func aNameMayBeWrittenInManyWays(_ text: String) throws {
        let template = try MigrationTemplate(name: text, version: 2)
        #expect(template.name == "add_products")
        #expect(template.identifier == "m0002AddProducts")
        #expect(template.fileName == "M0002_AddProducts.swift")
    }

    @Test(arguments: ["", "   ", "../evil", "a/b", "naïve", "a;b", String(repeating: "x", count: 81)])
    func otherNamesAreRefused(_ text: String) {
        #expect(throws: MigrationTemplateError.badName(text)) { try MigrationTemplate(name: text, version: 2) }
    }

    @Test func theListGrowsAtItsEnd() throws {
        let list = "    static let all: [Migration] = [\n        .m0001Initial,\n    ]\n}\n"
        let template = try MigrationTemplate(name: "add products", version: 2)
        let registered = try #require(template.registered(in: list))
        #expect(
            registered
                == "    static let all: [Migration] = [\n        .m0001Initial,\n        .m0002AddProducts,\n    ]\n}\n")
        #expect(template.registered(in: registered) == nil)
        #expect(template.registered(in: "nothing of the kind") == nil)
    }

    @Test func newWritesTheFileAndItsLine() async throws {
        try await withTemporaryFolder { folder in
            let list = "    static let all = [\n        .m0001Initial,\n    ]\n"
            try DurableFile.write(Array(list.utf8), directory: folder, name: MigrationTemplate.listFile)
            let known = [MigrationPlanTests.migration(1)]
            let path = try MigrationTemplate.write(name: "add products", after: known, folder: folder)
            #expect(path == "\(folder)/M0002_AddProducts.swift")
            let source = try FileReader(path: path).read(offset: 0, count: 10_000)
            #expect(String(decoding: source, as: UTF8.self).contains("static let m0002AddProducts = Migration("))
            try #expect(DurableFile.list(folder).count == 2)
            #expect(throws: MigrationTemplateError.self) {
                try MigrationTemplate.write(name: "add products", after: known, folder: folder)
            }
        }
    }

    @Test func elsewhereThanInTheRepositoryItIsRefused() {
        #expect(throws: MigrationTemplateError.noSourceFolder("/nowhere")) {
            try MigrationTemplate.write(name: "a", after: [], folder: "/nowhere")
        }
    }
}

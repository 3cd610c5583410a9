// The scripts and styles of Swagger UI and ReDoc, read once at boot and kept in memory: serving them then touches no disk. A value
// of lets; any thread.

import FoundationEssentials
import Reactor

/// The files that /docs and /redoc consist of.
struct DocsAssets: Sendable {
    /// A file as it is served.
    struct Asset: Sendable {
        let bytes: [UInt8]
        let contentType: String
        let entityTag: String

        init(_ bytes: [UInt8], contentType: String) {
            self.bytes = bytes
            self.contentType = contentType
            entityTag = EntityTag.strong(bytes)
        }
    }

    /// Every file that is looked for. Anything else in the folder is not served.
    private static let contentTypes: [String: String] = [
        "swagger-ui.css": "text/css; charset=utf-8",
        "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
        "swagger-ui-standalone-preset.js": "text/javascript; charset=utf-8",
        "oauth2-redirect.html": "text/html; charset=utf-8",
        "oauth2-redirect.js": "text/javascript; charset=utf-8",
        "favicon-32x32.png": "image/png",
        "redoc.standalone.js": "text/javascript; charset=utf-8",
    ]
    private static let maxFileBytes = 16 << 20

    private let assets: [Text: Asset]

    /// - Parameter files: by name; others than the known names are left out.
    init(files: [String: [UInt8]]) {
        var assets: [Text: Asset] = [:]
        for (name, type) in DocsAssets.contentTypes {
            if let bytes = files[name] { assets[Text(name)] = Asset(bytes, contentType: type) }
        }
        for (name, asset) in DocsPages.ownAssets { assets[Text(name)] = asset }
        for (name, asset) in MonitoringPage.assets { assets[Text(name)] = asset }
        self.assets = assets
    }

    subscript(name: Text) -> Asset? { assets[name] }

    var hasSwaggerUI: Bool { hasAll("swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-standalone-preset.js") }
    var hasReDoc: Bool { hasAll("redoc.standalone.js") }

    private func hasAll(_ names: String...) -> Bool { names.allSatisfy { assets[Text($0)] != nil } }

    /// The path of an asset, with its tag in it: a new version has a new address, so that it may be cached for a year.
    func path(_ name: String) -> String {
        guard let asset = assets[Text(name)] else { return "/docs/\(name)" }
        return "/docs/\(name)?v=\(asset.entityTag.filter { $0 != "\"" })"
    }

    // MARK: Loading

    /// Reads what is there; files that are missing are left out.
    /// - Parameter directory: nil means the usual places, the first of which that exists counts.
    static func load(from directory: String?, on loop: EventLoop) async -> DocsAssets {
        let candidates = directory.map { [$0] } ?? usualDirectories
        let files = try? await loop.runBlocking { read(from: candidates) }
        return DocsAssets(files: files ?? [:])
    }

    private static func read(from directories: [String]) -> [String: [UInt8]] {
        for directory in directories {
            var files: [String: [UInt8]] = [:]
            for name in contentTypes.keys {
                guard let reader = try? FileReader(path: "\(directory)/\(name)"), reader.sizeBytes <= maxFileBytes else { continue }
                files[name] = try? reader.read(offset: 0, count: reader.sizeBytes)
            }
            if !files.isEmpty { return files }
        }
        return [:]
    }

    /// In a clone; beside an installed program; and in the clone that a program was built in.
    private static var usualDirectories: [String] {
        var directories = [".build/docs-assets"]
        if let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
            let folder = program.split(separator: "/").dropLast().map { "/\($0)" }.joined()
            directories += ["\(folder)/docs-assets", "\(folder)/../../docs-assets"]
        }
        return directories
    }
}

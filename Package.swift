// swift-tools-version: 6.2
// Three layers, one direction: C* <- Reactor <- Actors <- App. SwiftPM refuses an import that points upward.
import PackageDescription

let strict: [SwiftSetting] = [
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    // Text from outside must not become a String by being interpolated into one: that is a deprecated function, and an error.
    .treatWarning("DeprecatedDeclaration", as: .error),
]

/// Exclusivity is proved by the tests, which check every access; a release build does not pay for asking again.
let tuned: [SwiftSetting] = [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

/// A C library from Debian's -dev packages: a module map and a shim header, no code of ours to link.
/// Only libpq's headers lie off the default search path; the others' pkg-config files say nothing that SwiftPM would accept.
func cLibrary(_ name: String, apt: String, pkgConfig: String? = nil) -> Target {
    .systemLibrary(name: name, path: "Sources/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let package = Package(
    name: "reactor",
    products: [
        .executable(name: "reactor", targets: ["App"]),
        .executable(name: "bench-server", targets: ["BenchServer"]),
        .executable(name: "load", targets: ["Load"]),
        .library(name: "Reactor", targets: ["Reactor"]),
        .library(name: "Actors", targets: ["Actors"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: []),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/vapor/jwt-kit", from: "5.7.1"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        cLibrary("CLibuv", apt: "libuv1-dev"),
        cLibrary("CLibpq", apt: "libpq-dev", pkgConfig: "libpq"),
        cLibrary("CHiredis", apt: "libhiredis-dev"),
        cLibrary("CSQLite", apt: "libsqlite3-dev"),
        cLibrary("CArgon2", apt: "libargon2-dev"),
        cLibrary("CCrypt", apt: "libcrypt-dev"),
        cLibrary("COpenSSL", apt: "libssl-dev"),
        cLibrary("CCurl", apt: "libcurl4-openssl-dev"),
        cLibrary("CMagic", apt: "libmagic-dev"),

        .target(
            name: "Reactor",
            dependencies: [
                "CLibuv", "CLibpq", "CHiredis", "CSQLite", "CArgon2", "CCrypt", "COpenSSL", "CCurl", "CMagic",
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: strict + tuned + [.strictMemorySafety(), .enableExperimentalFeature("Lifetimes")]
        ),
        .target(
            name: "Actors",
            dependencies: [
                "Reactor",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict + tuned
        ),
        .executableTarget(
            name: "App",
            dependencies: [
                "Actors", "Reactor",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "JWTKit", package: "jwt-kit"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
            ],
            swiftSettings: strict + tuned
        ),

        .executableTarget(
            name: "BenchServer", dependencies: ["Actors", "Reactor"], path: "LoadTests/BenchServer", swiftSettings: strict + tuned),
        .executableTarget(
            name: "Load",
            dependencies: [
                "Reactor",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            path: "LoadTests/Load", swiftSettings: strict + tuned
        ),
        .executableTarget(name: "HTTPParserProbe", dependencies: ["Reactor"], path: "Tests/HTTPParserProbe", swiftSettings: strict),

        .target(name: "TestSupport", dependencies: ["Actors", "Reactor"], path: "Tests/TestSupport", swiftSettings: strict),
        .testTarget(name: "ReactorTests", dependencies: ["Reactor", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "ActorsTests", dependencies: ["Actors", "Reactor", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "BenchServerTests", dependencies: ["BenchServer", "Actors", "Reactor", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "LoadGeneratorTests", dependencies: ["Load", "Reactor", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "AppTests", dependencies: ["App", "Actors", "Reactor", "TestSupport"], swiftSettings: strict),
    ]
)

// The sanitizers run the libraries' tests, each in a build of its own: leaving the programs out halves those builds.
if Context.environment["REACTOR_LIBRARIES_ONLY"] != nil {
    let libraries: Set = ["Reactor", "Actors"]
    package.products.removeAll { !libraries.contains($0.name) }
    package.targets.removeAll { target in
        target.type == .executable || (target.type == .test && !libraries.contains { "\($0)Tests" == target.name })
    }
}

// swift-tools-version: 6.2
import PackageDescription

// The folder list is the architecture: docs/architecture.md draws it, and a test compares every
// `import` line with Tests/HouseRulesTests/imports.txt.

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

extension Target {
    /// A library target of ours: strict settings, folder named like the target.
    static func airlock(_ name: String, _ dependencies: [Dependency] = []) -> Target {
        .target(name: name, dependencies: dependencies, swiftSettings: strict)
    }

    /// A test target of ours.
    static func airlockTests(
        _ name: String, _ dependencies: [Dependency], resources: [Resource] = []
    ) -> Target {
        .testTarget(
            name: name, dependencies: dependencies, resources: resources, swiftSettings: strict)
    }
}

extension Target.Dependency {
    static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
    static let configuration = product(name: "Configuration", package: "swift-configuration")
    static let crypto = product(name: "Crypto", package: "swift-crypto")
    static let grdb = product(name: "GRDB", package: "GRDB.swift")
    static let lifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let logging = product(name: "Logging", package: "swift-log")
    static let metrics = product(name: "Metrics", package: "swift-metrics")
    static let nioCore = product(name: "NIOCore", package: "swift-nio")
    static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
    static let subprocess = product(name: "Subprocess", package: "swift-subprocess")
    static let yams = product(name: "Yams", package: "Yams")
}

let package = Package(
    name: "airlock",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "airlock", targets: ["airlock"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration", exact: "1.4.0"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2"),
    ],
    targets: [
        // The words: value types and identities.
        .airlock("AirlockModel", [.crypto]),
        // The edges as protocols.
        .airlock("AirlockPorts", ["AirlockModel"]),

        // Pure targets: functions over the words. No clock, log, file, task.
        .airlock("AirlockManifest", ["AirlockModel", .yams]),
        .airlock("AirlockTrust", ["AirlockModel", .crypto]),
        .airlock("AirlockPlan", ["AirlockModel", "AirlockTrust"]),
        .airlock("AirlockRollout", ["AirlockModel"]),

        // Adapters: one edge each, never one another.
        .systemLibrary(
            name: "CLibgit2", pkgConfig: "libgit2", providers: [.apt(["libgit2-dev"])]),
        .airlock("AirlockGit", ["AirlockModel", "AirlockPorts", "CLibgit2", .subprocess]),
        .airlock("AirlockLedger", ["AirlockModel", "AirlockPorts", .grdb, .crypto]),
        .airlock("AirlockControl", ["AirlockModel", "AirlockPorts", .nioCore, .nioPosix]),
        .airlock("AirlockHost", ["AirlockModel", "AirlockPorts"]),
        .airlock("AirlockSimulator", ["AirlockModel", "AirlockPorts"]),

        // Runs the straight line.
        .airlock(
            "AirlockEngine",
            [
                "AirlockModel", "AirlockPorts", "AirlockManifest", "AirlockTrust", "AirlockPlan",
                "AirlockRollout", .logging, .metrics, .lifecycle,
            ]),

        // One file per verb, and the only composition root.
        .airlock(
            "AirlockCommands",
            [
                "AirlockModel", "AirlockPorts", "AirlockManifest", "AirlockTrust", "AirlockPlan",
                "AirlockRollout", "AirlockGit", "AirlockLedger", "AirlockControl", "AirlockHost",
                "AirlockSimulator", "AirlockEngine", .argumentParser, .configuration, .logging,
                .lifecycle,
            ]),
        .executableTarget(
            name: "airlock", dependencies: ["AirlockCommands"], swiftSettings: strict),

        // What tests share: manual clock, builders, the in-memory ledger, contract suites.
        .airlock("AirlockTestSupport", ["AirlockModel", "AirlockPorts"]),
        .airlockTests("AirlockModelTests", ["AirlockModel", "AirlockTestSupport"]),
        .airlockTests(
            "AirlockPlanTests",
            ["AirlockModel", "AirlockPlan", "AirlockRollout", "AirlockTestSupport"]),
        .airlockTests(
            "AirlockRolloutTests", ["AirlockModel", "AirlockRollout", "AirlockTestSupport"]),
        .airlockTests("AirlockTrustTests", ["AirlockModel", "AirlockTrust", "AirlockTestSupport"]),
    ],
    swiftLanguageModes: [.v6]
)

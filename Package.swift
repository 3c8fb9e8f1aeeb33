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

/// What every simulated life runs through; optimised in debug builds too (docs/decisions/0015).
let hot: Set = [
    "AirlockModel", "AirlockPorts", "AirlockManifest", "AirlockTrust", "AirlockPlan",
    "AirlockAnalysis", "AirlockRollout", "AirlockHealing", "AirlockSimulator", "AirlockEngine",
    "AirlockMemory",
    "AirlockRehearsal",
]

extension Target {
    /// A library target of ours: strict settings, folder named like the target.
    static func airlock(_ name: String, _ dependencies: [Dependency] = []) -> Target {
        let optimised = SwiftSetting.unsafeFlags(["-O"], .when(configuration: .debug))
        return .target(
            name: name, dependencies: dependencies,
            swiftSettings: strict + (hot.contains(name) ? [optimised] : []))
    }

    /// A test target of ours.
    static func airlockTests(
        _ name: String, _ dependencies: [Dependency], exclude: [String] = [],
        resources: [Resource] = []
    ) -> Target {
        .testTarget(
            name: name, dependencies: dependencies, exclude: exclude, resources: resources,
            swiftSettings: strict)
    }
}

extension Target.Dependency {
    static let asyncHTTPClient = product(name: "AsyncHTTPClient", package: "async-http-client")
    static let argumentParser = product(name: "ArgumentParser", package: "swift-argument-parser")
    static let crypto = product(name: "Crypto", package: "swift-crypto")
    static let grdb = product(name: "GRDB", package: "GRDB.swift")
    /// Tables whose copies share what is the same.
    static let hashTrees = product(name: "HashTreeCollections", package: "swift-collections")
    static let lifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let lifecycleTesting = product(
        name: "ServiceLifecycleTestKit", package: "swift-service-lifecycle")
    static let logging = product(name: "Logging", package: "swift-log")
    static let nioCore = product(name: "NIOCore", package: "swift-nio")
    static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
    static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
    static let subprocess = product(name: "Subprocess", package: "swift-subprocess")
    /// The paths in which Subprocess is spoken to.
    static let system = product(name: "SystemPackage", package: "swift-system")
    static let unixSignals = product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let yams = product(name: "Yams", package: "Yams")
}

let package = Package(
    name: "airlock",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "airlock", targets: ["airlock"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2"),
    ],
    targets: [
        // Statistics that know nothing of the words; a rollout's state holds a judge.
        .airlock("AirlockAnalysis"),
        // The words: value types and identities.
        .airlock("AirlockModel", ["AirlockAnalysis", .crypto, .hashTrees]),
        // The edges as protocols.
        .airlock("AirlockPorts", ["AirlockModel"]),

        // Pure targets: functions over the words. No clock, log, file, task.
        .airlock("AirlockManifest", ["AirlockAnalysis", "AirlockModel", .hashTrees, .yams]),
        .airlock("AirlockTrust", ["AirlockModel", .crypto]),
        .airlock("AirlockPlan", ["AirlockModel", "AirlockTrust"]),
        .airlock("AirlockRollout", ["AirlockAnalysis", "AirlockModel"]),
        .airlock("AirlockHealing", ["AirlockModel"]),

        // Adapters: one edge each, never one another.
        .systemLibrary(
            name: "CLibgit2", pkgConfig: "libgit2", providers: [.apt(["libgit2-dev"])]),
        .airlock(
            "AirlockGit",
            ["AirlockModel", "AirlockPorts", "CLibgit2", .subprocess, .system, .crypto]),
        .airlock("AirlockLedger", ["AirlockModel", "AirlockPorts", .grdb, .crypto]),
        .airlock("AirlockControl", ["AirlockModel", "AirlockPorts", .nioCore, .nioPosix]),
        .airlock("AirlockHost", ["AirlockModel", "AirlockPorts", "AirlockHTTP"]),
        .airlock("AirlockSimulator", ["AirlockModel", "AirlockPorts"]),
        // What adapters speak HTTP with: bounded in bytes and time, no redirects.
        .airlock("AirlockHTTP", [.asyncHTTPClient, .nioCore, .nioHTTP1]),
        .airlock("AirlockPrometheus", ["AirlockModel", "AirlockPorts", "AirlockHTTP"]),
        .airlock("AirlockNotify", ["AirlockModel", "AirlockPorts", "AirlockHTTP", .crypto]),

        // The commit that the program was built from.
        .target(name: "BuildCommit", swiftSettings: strict, plugins: ["BuildCommitPlugin"]),
        .plugin(
            name: "BuildCommitPlugin", capability: .buildTool(), path: "Sources/BuildCommitPlugin"),

        // Runs the straight line.
        .airlock(
            "AirlockEngine",
            [
                "AirlockModel", "AirlockPorts", "AirlockManifest", "AirlockTrust", "AirlockPlan",
                "AirlockRollout", "AirlockHealing", .logging, .lifecycle,
            ]),

        // The edges in memory, and the lives of a fleet that a seed decides.
        .airlock("AirlockMemory", ["AirlockModel", "AirlockPorts"]),
        .airlock(
            "AirlockRehearsal",
            [
                "AirlockEngine", "AirlockManifest", "AirlockMemory", "AirlockModel",
                "AirlockPorts", "AirlockRollout", "AirlockSimulator", .logging,
            ]),

        // One file per verb, and the only composition root.
        .airlock(
            "AirlockCommands",
            [
                "AirlockModel", "AirlockPorts", "AirlockManifest", "AirlockTrust", "AirlockPlan",
                "AirlockAnalysis", "AirlockRollout", "AirlockHealing", "AirlockGit",
                "AirlockLedger",
                "AirlockControl", "AirlockHost", "AirlockNotify", "AirlockPrometheus",
                "AirlockSimulator", "AirlockEngine", "AirlockRehearsal", .argumentParser, .logging,
                .lifecycle, .system,
                .unixSignals, "BuildCommit",
            ]),
        .executableTarget(
            name: "airlock", dependencies: ["AirlockCommands"], swiftSettings: strict),

        // What tests share: builders and contract suites.
        .airlock("AirlockTestSupport", ["AirlockMemory", "AirlockModel", "AirlockPorts"]),

        .airlockTests(
            "AirlockHostTests",
            ["AirlockHost", "AirlockModel", "AirlockPorts", "AirlockTestSupport"]),
        .airlockTests(
            "AirlockControlTests",
            [
                "AirlockControl", "AirlockHost", "AirlockModel", "AirlockPorts",
                "AirlockTestSupport", .nioCore, .nioPosix,
            ]),
        .airlockTests(
            "AirlockPrometheusTests",
            [
                "AirlockAnalysis", "AirlockHTTP", "AirlockModel", "AirlockPorts",
                "AirlockPrometheus", "AirlockTestSupport",
            ], exclude: ["Servers"]),
        .airlockTests(
            "AirlockNotifyTests",
            [
                "AirlockHTTP", "AirlockModel", "AirlockNotify", "AirlockPorts",
                "AirlockTestSupport", .crypto,
            ]),
        .airlockTests("HouseRulesTests", [], exclude: ["imports.txt"]),
        // Needs the program itself: its hidden verb is the fetch worker.
        .airlockTests(
            "AirlockGitTests",
            [
                "AirlockGit", "AirlockMemory", "AirlockModel", "AirlockPorts", "AirlockCommands",
                "AirlockTestSupport", "AirlockTrust", "airlock",
            ], exclude: ["Servers"]),
        .airlockTests(
            "AirlockLedgerTests",
            [
                "AirlockLedger", "AirlockMemory", "AirlockTestSupport", "AirlockModel",
                "AirlockPorts", .grdb,
            ],
            exclude: ["GoVerifier"]),
        .airlockTests(
            "AirlockManifestTests",
            ["AirlockAnalysis", "AirlockModel", "AirlockManifest", "AirlockTestSupport"]),
        // Speaks to the program alone.
        .airlockTests(
            "EndToEndTests", ["AirlockModel", "AirlockTestSupport", "airlock"],
            exclude: ["Programs"]),
        .airlockTests(
            "AirlockEngineTests",
            [
                "AirlockEngine", "AirlockManifest", "AirlockModel", "AirlockPorts", "AirlockPlan",
                "AirlockRollout", "AirlockSimulator", "AirlockMemory", "AirlockTestSupport",
                .logging, .lifecycle, .lifecycleTesting,
            ]),
        // The engine on an in-memory ledger and world, under faults that a seed decides.
        .airlockTests(
            "SimulationTests", ["AirlockMemory", "AirlockModel", "AirlockRehearsal"]),
        .airlockTests(
            "AirlockModelTests", ["AirlockModel", "AirlockMemory", "AirlockTestSupport"]),
        .airlockTests(
            "AirlockPlanTests",
            [
                "AirlockModel", "AirlockPlan", "AirlockRollout", "AirlockMemory",
                "AirlockTestSupport",
            ]),
        .airlockTests("AirlockAnalysisTests", ["AirlockAnalysis"]),
        .airlockTests(
            "AirlockRolloutTests",
            [
                "AirlockAnalysis", "AirlockModel", "AirlockRollout", "AirlockMemory",
                "AirlockTestSupport",
            ]),
        .airlockTests(
            "AirlockHealingTests",
            ["AirlockHealing", "AirlockMemory", "AirlockModel", "AirlockTestSupport"]),
        .airlockTests(
            "AirlockTrustTests",
            ["AirlockModel", "AirlockTrust", "AirlockMemory", "AirlockTestSupport"]),
        .airlockTests(
            "AirlockSimulatorTests",
            [
                "AirlockAnalysis", "AirlockSimulator", "AirlockMemory", "AirlockTestSupport",
                "AirlockModel", "AirlockPorts",
            ]),
        // The provider of docs/add-a-provider.md.
        .airlockTests(
            "ProviderContractTests",
            ["AirlockMemory", "AirlockTestSupport", "AirlockModel", "AirlockPorts"]),
    ],
    swiftLanguageModes: [.v6]
)

// Needs libFuzzer's runtime, so it is there only for the build that Scripts/soak makes.
if Context.environment["AIRLOCK_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "fuzzers",
            dependencies: [
                "AirlockControl", "AirlockGit", "AirlockLedger", "AirlockManifest", "AirlockModel",
                .nioCore,
            ], path: "Tests/Fuzzers", swiftSettings: strict))
}

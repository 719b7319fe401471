// swift-tools-version:6.2
import PackageDescription

// One setting for every Swift target: helpers stay on the caller's actor (foundations: 14 ns instead of a thread hop),
// imports are private unless said otherwise, and a warning is a defect.
let house: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
    // Worth a tenth of the CPU per request; debug builds, in which all tests run, do check it.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]

// Fuzzing needs a main of libFuzzer's own, so its target is there only for `Tests/Fuzz/run`.
let fuzzTargets: [Target] =
    Context.environment["PERIGEE_FUZZ"] == nil
    ? []
    : [
        .executableTarget(
            name: "Fuzz", dependencies: ["LuaBridge", "Runtime"], path: "Tests/Fuzz",
            exclude: ["run", "seeds", "words", "differential.mjs"], swiftSettings: house)
    ]

let package = Package(
    name: "perigee",
    products: [.executable(name: "perigee", targets: ["Host"])],
    targets: [
        // Debian's libraries, and the few C lines that Swift cannot say.
        .target(name: "CLua", linkerSettings: [.linkedLibrary("lua5.4")]),
        .target(name: "CHTTP"),
        .target(name: "CLinux"),
        .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CCrypto", providers: [.apt(["libssl-dev", "libcrypt-dev"])]),
        .systemLibrary(name: "CWslay", providers: [.apt(["libwslay-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),

        .target(name: "LuaBridge", dependencies: ["CLua"], swiftSettings: house),
        .target(
            name: "Runtime",
            dependencies: ["LuaBridge", "CHTTP", "CLinux", "CCurl", "CSQLite", "CCrypto", "CWslay", "CZlib"],
            swiftSettings: house),
        .executableTarget(name: "Host", dependencies: ["Runtime"], swiftSettings: house),

        .executableTarget(
            name: "BenchServer", dependencies: ["Runtime"], path: "bench/server", swiftSettings: house),
        // Killed and restarted by the store's tests.
        .executableTarget(
            name: "StoreTorture", dependencies: ["Runtime"], path: "Tests/Fixtures/StoreTorture", swiftSettings: house),
        .executableTarget(
            name: "BenchMicro", dependencies: ["LuaBridge", "Runtime"], path: "bench/micro", swiftSettings: house),
        .executableTarget(
            name: "BenchRelay", dependencies: ["Runtime"], path: "bench/relay", swiftSettings: house),

        // A double of `opencode serve`: in a test's own process, and as a program that is found on a PATH.
        .target(
            name: "FakeOpencode", dependencies: ["Runtime"], path: "Tests/FakeOpencode/Double", swiftSettings: house),
        .executableTarget(
            name: "opencode", dependencies: ["FakeOpencode", "Runtime"], path: "Tests/FakeOpencode/Program",
            swiftSettings: house),

        .target(name: "TestSupport", path: "Tests/Support", swiftSettings: house),
        .testTarget(name: "LuaBridgeTests", dependencies: ["LuaBridge"], swiftSettings: house),
        .testTarget(
            name: "RuntimeTests", dependencies: ["Runtime", "FakeOpencode", "StoreTorture", "TestSupport", "opencode"],
            swiftSettings: house),
        .testTarget(
            name: "HostTests", dependencies: ["Host", "FakeOpencode", "TestSupport", "opencode"], swiftSettings: house),
    ] + fuzzTargets
)

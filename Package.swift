// swift-tools-version: 6.3
import PackageDescription

/// Every Swift target is checked the same way; nothing here needs an unsafe flag.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .enableExperimentalFeature("Lifetimes"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "vigil",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift.git", from: "0.2.0"),
    ],
    targets: [
        .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
        .systemLibrary(
            name: "CProtobufC",
            providers: [.apt(["libprotobuf-c-dev", "protobuf-c-compiler"])]
        ),
        .systemLibrary(name: "CCrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .target(
            name: "CWireMessages",
            dependencies: ["CProtobufC"],
            linkerSettings: [.linkedLibrary("protobuf-c")]
        ),
        .target(name: "COnnxRuntime"),
        .target(name: "CCUDA"),
        .target(name: "CXRT"),
        .target(name: "CLinux"),
        .target(name: "CAllocator", linkerSettings: [.linkedLibrary("jemalloc")]),
        .target(name: "CTreeKernels"),

        .target(name: "Tensors", swiftSettings: strict),
        .target(name: "Messages", dependencies: ["Tensors"], swiftSettings: strict),
        .target(name: "Lanes", dependencies: ["CLinux"], swiftSettings: strict),
        .target(name: "Execution", dependencies: ["Tensors", "Lanes"], swiftSettings: strict),
        .target(
            name: "OnnxEngine",
            dependencies: ["Execution", "Tensors", "COnnxRuntime", "CCUDA"],
            swiftSettings: strict
        ),
        .target(
            name: "Wire",
            dependencies: ["CWireMessages", "CProtobufC", "Messages", "Tensors"],
            swiftSettings: strict
        ),
        .target(
            name: "TreeEngine",
            dependencies: ["CTreeKernels", "Execution", "Tensors"],
            swiftSettings: strict
        ),
        .target(
            name: "FPGAEngine",
            dependencies: ["CXRT", "Digests", "Execution", "Lanes", "StrictJSON", "Tensors"],
            swiftSettings: strict
        ),
        .target(name: "Telemetry", swiftSettings: strict),
        .target(name: "StrictJSON", swiftSettings: strict),
        .target(name: "Digests", dependencies: ["CCrypto"], swiftSettings: strict),
        .target(name: "Calibration", dependencies: ["StrictJSON"], swiftSettings: strict),
        .target(
            name: "Monitoring",
            dependencies: ["Calibration", "StrictJSON"],
            swiftSettings: strict
        ),
        .target(
            name: "Explanations",
            dependencies: ["Calibration", "StrictJSON"],
            swiftSettings: strict
        ),
        .target(
            name: "Serving",
            dependencies: [
                "Messages", "Tensors", "Lanes", "Telemetry", "Catalog", "Calibration", "Monitoring",
                "Explanations", "Execution", "Digests",
            ],
            swiftSettings: strict
        ),
        .target(
            name: "ZeroMQTransport",
            dependencies: [
                "CZeroMQ", "Wire", "Messages", "Tensors", "Serving", "Lanes", "Telemetry",
            ],
            swiftSettings: strict
        ),
        .target(
            name: "Supervision",
            dependencies: ["CLinux", .product(name: "Logging", package: "swift-log")],
            swiftSettings: strict
        ),
        .target(
            name: "HTTPTransport",
            dependencies: [
                "Messages",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .target(name: "Settings", dependencies: ["StrictYAML"], swiftSettings: strict),
        .executableTarget(
            name: "vigild",
            dependencies: [
                "Settings", "Telemetry", "Catalog", "Serving", "OnnxEngine", "TreeEngine",
                "FPGAEngine", "Tensors",
                "ZeroMQTransport", "HTTPTransport", "Supervision", "Execution", "Lanes", "Messages",
                "CAllocator",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict
        ),
        .target(
            name: "VigilClient",
            dependencies: ["CZeroMQ", "Wire", "Messages", "Lanes"],
            swiftSettings: strict
        ),
        .target(name: "Datasets", dependencies: ["CZlib", "Tensors"], swiftSettings: strict),
        .executableTarget(
            name: "vigil",
            dependencies: [
                "VigilClient", "Messages", "Tensors", "Calibration", "Catalog", "Datasets", "Lanes",
                "Monitoring", "Explanations", "Digests",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            resources: [.embedInCode("quantizer.py")],
            swiftSettings: strict
        ),
        .target(
            name: "StrictYAML",
            dependencies: [.product(name: "Yams", package: "Yams")],
            swiftSettings: strict
        ),
        .target(
            name: "Catalog",
            dependencies: ["Tensors", "StrictYAML", "Digests"],
            swiftSettings: strict
        ),
        .target(
            name: "CBench",
            dependencies: ["COnnxRuntime"],
            path: "Benchmarks/CBench",
            linkerSettings: [.linkedLibrary("zmq")]
        ),
        .executableTarget(
            name: "vigil-bench",
            dependencies: [
                "CBench", "OnnxEngine", "TreeEngine", "FPGAEngine", "Execution", "Messages",
                "Tensors", "Wire",
                "Datasets", "Lanes",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            path: "Benchmarks/vigil-bench",
            swiftSettings: strict
        ),
        .executableTarget(
            name: "vigil-closure",
            dependencies: [
                "Calibration", "Monitoring", "Datasets",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Benchmarks/vigil-closure",
            swiftSettings: strict
        ),
        .target(name: "CReplay", path: "Benchmarks/replay/CReplay"),
        .executableTarget(
            name: "vigil-replay",
            dependencies: [
                "CReplay", "Catalog", "Execution", "OnnxEngine", "TreeEngine", "Serving",
                "Telemetry", "ZeroMQTransport", "Messages", "Tensors", "Wire",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Benchmarks/replay/vigil-replay",
            swiftSettings: strict
        ),
        .testTarget(
            name: "CalibrationTests",
            dependencies: ["Calibration", "TestSupport"],
            exclude: ["Reference"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "MonitoringTests",
            dependencies: ["Monitoring", "Calibration", "TestSupport"],
            exclude: ["Reference"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ExplanationsTests",
            dependencies: ["Explanations", "Calibration", "TestSupport"],
            exclude: ["Reference"],
            swiftSettings: strict
        ),
        .target(
            name: "CTreeKernelsEmulated",
            dependencies: ["CTreeKernels"],
            path: "Tests/CTreeKernelsEmulated"
        ),
        .testTarget(
            name: "TreeEngineTests",
            dependencies: ["TreeEngine", "CTreeKernels", "CTreeKernelsEmulated", "TestSupport"],
            exclude: ["Reference"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "FPGAEngineTests",
            dependencies: ["FPGAEngine", "Digests", "Execution", "Tensors", "TestSupport"],
            exclude: ["Reference"],
            swiftSettings: strict
        ),
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
        .testTarget(
            name: "DatasetsTests",
            dependencies: ["Datasets", "Tensors", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "WireTests",
            dependencies: ["Wire", "Messages", "Tensors", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "StrictYAMLTests",
            dependencies: ["StrictYAML", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(name: "DigestsTests", dependencies: ["Digests"], swiftSettings: strict),
        .testTarget(
            name: "SettingsTests",
            dependencies: ["Settings", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "CatalogTests",
            dependencies: ["Catalog", "Digests", "Tensors", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TelemetryTests",
            dependencies: ["Telemetry", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "MessagesTests",
            dependencies: ["Messages", "Tensors"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ExecutionTests",
            dependencies: ["Execution", "Tensors", "TestSupport"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ServingTests",
            dependencies: [
                "Serving", "Catalog", "Execution", "Messages", "Lanes", "Monitoring",
                "Calibration", "Digests", "TestSupport",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "VigilClientTests",
            dependencies: ["VigilClient", "Wire", "Messages"],
            swiftSettings: strict
        ),
    ]
)

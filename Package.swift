// swift-tools-version: 6.2

import PackageDescription

let swiftSettings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error),
  .strictMemorySafety(),
]

/// A target of ours: the shared settings, and a README that is no source file.
func target(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(
    name: name, dependencies: dependencies, exclude: ["README.md"], swiftSettings: swiftSettings)
}

func testTarget(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = [])
  -> Target
{
  .testTarget(
    name: name, dependencies: dependencies + ["TestSupport"], resources: resources,
    swiftSettings: swiftSettings)
}

let package = Package(
  name: "swift-grpo",
  products: [
    .executable(name: "grpo", targets: ["grpo"]),
    .library(name: "Training", targets: ["Training", "Recipes"]),
    .library(name: "Evaluation", targets: ["Evaluation"]),
    .library(name: "Sampling", targets: ["Sampling", "LanguageModel", "Tokenization"]),
    .library(name: "PolicyOptimization", targets: ["PolicyOptimization"]),
    .library(name: "Rewards", targets: ["Rewards", "RewardPlugins"]),
    .library(name: "Formats", targets: ["Formats", "Datasets", "Runs"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", .upToNextMinor(from: "1.8.2")),
    .package(url: "https://github.com/jpsim/Yams", .upToNextMinor(from: "6.2.2")),
    .package(url: "https://github.com/swiftlang/swift-subprocess", .upToNextMinor(from: "1.0.2")),
    .package(url: "https://github.com/apple/swift-system", .upToNextMinor(from: "1.8.1")),
  ],
  targets: [
    // What the system provides, and C.
    .target(name: "CRewardLibrary", exclude: ["README.md"]),
    .target(
      name: "CSentencePiece", exclude: ["README.md"],
      linkerSettings: [.linkedLibrary("sentencepiece"), .linkedLibrary("sentencepiece_train")]),
    .target(name: "CKernels"),

    // Bytes, numbers, text.
    target("Formats", ["CKernels"]),
    target("Kernels", ["CKernels"]),
    target("Tokenization", ["CSentencePiece", "Formats"]),
    target("LanguageModel", ["Kernels", "Formats"]),
    target("Sampling", ["LanguageModel", "Tokenization", "Kernels", "Formats"]),
    target("Datasets", ["Formats"]),
    target("Rewards", ["Formats"]),
    .target(
      name: "RewardPlugins",
      dependencies: [
        "Rewards", "Formats", "CRewardLibrary",
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      exclude: ["README.md", "protocol.md"], resources: [.embedInCode("Python/bridge.py")],
      swiftSettings: swiftSettings),
    target("PolicyOptimization", ["Formats"]),
    target(
      "Evaluation",
      [
        "LanguageModel", "Sampling", "Tokenization", "Datasets", "Rewards", "PolicyOptimization",
        "Kernels", "Formats",
      ]),
    target(
      "Recipes", ["Formats", "PolicyOptimization", "Rewards", "RewardPlugins", "Yams"]),
    target("Runs", ["Formats"]),
    target(
      "Training",
      [
        "Recipes", "Kernels", "LanguageModel", "Sampling", "Tokenization", "Datasets", "Rewards",
        "RewardPlugins", "PolicyOptimization", "Evaluation", "Runs", "Formats",
      ]),
    .executableTarget(
      name: "grpo",
      dependencies: [
        "Training", "Recipes", "Evaluation", "Sampling", "Tokenization", "Datasets", "Rewards",
        "RewardPlugins", "PolicyOptimization", "Runs", "Formats",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      exclude: ["README.md"], swiftSettings: swiftSettings),

    .executableTarget(
      name: "step-benchmark",
      dependencies: [
        "Training", "Recipes", "Sampling", "LanguageModel", "Kernels", "PolicyOptimization",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Benchmarks/StepBenchmark", swiftSettings: swiftSettings),
    .executableTarget(
      name: "reward-benchmark",
      dependencies: [
        "RewardPlugins", "Rewards", "Formats",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Benchmarks/RewardBenchmark", swiftSettings: swiftSettings),

    // Tests.
    .target(
      name: "TestSupport",
      dependencies: [
        .product(name: "Subprocess", package: "swift-subprocess"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      path: "Tests/TestSupport", swiftSettings: swiftSettings),
    testTarget("FormatsTests", ["Formats", "CKernels"]),
    testTarget("CKernelsTests", ["CKernels"]),
    testTarget("KernelsTests", ["Kernels"]),
    testTarget(
      "TokenizationTests", ["Tokenization", "CSentencePiece", "Formats"],
      resources: [.copy("Fixtures")]),
    testTarget(
      "LanguageModelTests", ["LanguageModel", "Kernels", "Formats"],
      resources: [.copy("Fixtures")]),
    testTarget(
      "SamplingTests", ["Sampling", "LanguageModel", "Tokenization", "Kernels", "Formats"]),
    testTarget("DatasetsTests", ["Datasets", "Formats"]),
    testTarget("RewardsTests", ["Rewards", "Formats"]),
    testTarget("RewardPluginsTests", ["RewardPlugins", "CRewardLibrary", "Rewards", "Formats"]),
    testTarget(
      "PolicyOptimizationTests", ["PolicyOptimization", "Formats"],
      resources: [.copy("Fixtures")]),
    testTarget(
      "EvaluationTests",
      [
        "Evaluation", "LanguageModel", "Sampling", "Tokenization", "Datasets", "Rewards", "Kernels",
        "Formats",
      ]),
    testTarget(
      "RecipesTests", ["Recipes", "PolicyOptimization", "Rewards", "RewardPlugins", "Formats"]),
    testTarget("RunsTests", ["Runs", "Formats"]),
    testTarget(
      "TrainingTests",
      [
        "Training", "Recipes", "Evaluation", "LanguageModel", "Sampling", "PolicyOptimization",
        "Rewards", "RewardPlugins", "Formats", "Kernels",
      ],
      resources: [.copy("Fixtures")]),
    testTarget("CLITests", ["Formats", "grpo"]),
  ]
)

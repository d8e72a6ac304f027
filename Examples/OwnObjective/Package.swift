// swift-tools-version: 6.2

import PackageDescription

let package = Package(
  name: "OwnObjective",
  dependencies: [.package(name: "swift-grpo", path: "../..")],
  targets: [
    .executableTarget(
      name: "OwnObjective",
      dependencies: ["Formats", "PolicyOptimization", "Training"].map {
        .product(name: $0, package: "swift-grpo")
      })
  ]
)

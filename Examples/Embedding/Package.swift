// swift-tools-version: 6.2

import PackageDescription

let package = Package(
  name: "Embedding",
  dependencies: [.package(name: "swift-grpo", path: "../..")],
  targets: [
    .executableTarget(
      name: "Embedding",
      dependencies: ["Rewards", "Sampling", "Training"].map {
        .product(name: $0, package: "swift-grpo")
      })
  ]
)

// swift-tools-version: 6.2

import PackageDescription

let package = Package(
  name: "OneStep",
  dependencies: [.package(name: "swift-grpo", path: "../..")],
  targets: [
    .executableTarget(
      name: "OneStep",
      dependencies: ["PolicyOptimization", "Sampling", "Training"].map {
        .product(name: $0, package: "swift-grpo")
      })
  ]
)

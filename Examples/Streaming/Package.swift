// swift-tools-version: 6.2

import PackageDescription

let package = Package(
  name: "Streaming",
  dependencies: [.package(name: "swift-grpo", path: "../..")],
  targets: [
    .executableTarget(
      name: "Streaming",
      dependencies: [.product(name: "Sampling", package: "swift-grpo")])
  ]
)

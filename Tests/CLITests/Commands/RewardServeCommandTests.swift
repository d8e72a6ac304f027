import Foundation
import TestSupport
import Testing

@Suite struct RewardServeCommandTests {
  /// A library that ends its process, in one of its own and in the trainer's.
  @Test(arguments: [
    ("abort();", "crashed with SIGABRT"),
    ("exit(0);", "called exit, which ends the program that it is loaded into"),
  ])
  func aLibraryThatEndsItsProcessIsNamed(body: String, problem: String) async throws {
    let folder = try Workspace()
    try await library(folder, body)
    let words = ["--timeout", "86400", "--data", "train.jsonl"]
    let apart = try await GrpoProgram.run(
      ["reward", "test", "--library", "reward.so"] + words, in: folder)
    #expect(apart.status == 69)
    #expect(apart.errors.contains("its last error line: error: library /"), "\(apart.errors)")
    #expect(apart.errors.contains("/reward.so: \(problem)\n"))
    // What ends the program with a signal writes the same line there.
    guard body == "exit(0);" else { return }
    try folder.edit("\nevaluation:", "\n  - { library: reward.so, isolated: false }\nevaluation:")
    let within = try await GrpoProgram.run(["reward", "test", "recipe.yaml"], in: folder)
    #expect(within.errors == "error: library \(folder["reward.so"]): \(problem)\n")
    #expect(within.status == 70)
  }

  @Test func aLibraryThatReadsStandardInputReadsNoRequest() async throws {
    let folder = try Workspace()
    try await library(
      folder,
      "char byte; for (size_t i = 0; i < count; i++) rewards[i] = read(0, &byte, 1); return 0;")
    let outcome = try await GrpoProgram.run(
      [
        "reward", "test", "--library", "reward.so", "--timeout", "86400", "--data", "train.jsonl",
        "--limit", "1",
      ], in: folder)
    #expect(outcome.status == 0 && !outcome.output.contains("failed"), "\(outcome.errors)")
    #expect(!outcome.output.contains("  1  "), "\(outcome.output)")
  }

  /// Compiles `reward.so`, whose score function does this.
  private func library(_ folder: Workspace, _ body: String) async throws {
    try folder.write(
      "reward.c",
      """
      #include "grpo_reward.h"
      #include <stdlib.h>
      #include <unistd.h>
      int32_t grpo_reward_version(void) { return GRPO_REWARD_VERSION; }
      int32_t grpo_reward_score(int64_t step, const grpo_completion *c, size_t count,
                                double *rewards, int32_t *status, char *message, size_t size) {
        \(body)
      }
      """)
    let root = URL(filePath: #filePath + "/../../../..").standardized.path
    let compiler = try await ChildProcess([
      "clang", "-shared", "-fPIC", "-I", root + "/Sources/CRewardLibrary/include", "-o",
      folder["reward.so"], folder["reward.c"],
    ])
    try #require(
      try await compiler.end() == .exit(0), "clang is needed, and must compile the reward")
  }
}

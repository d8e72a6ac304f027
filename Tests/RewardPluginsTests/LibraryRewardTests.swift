import CRewardLibrary
import Foundation
import RewardPlugins
import Rewards
import TestSupport
import Testing

@Suite(.inTurn) struct LibraryRewardTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  /// Compiles a reward, by default the example.
  private func library(_ folder: ScriptFolder, _ source: String? = nil) async throws -> String {
    let text =
      try source
      ?? String(
        contentsOfFile: Self.root + "/Examples/reward.c", encoding: .utf8)
    try folder.write("reward.c", text)
    // The compiler that builds this package's C.
    let compiler = try await ChildProcess([
      "clang", "-shared", "-fPIC", "-I", Self.root + "/Sources/CRewardLibrary/include", "-o",
      folder.path + "/reward.so", folder.path + "/reward.c",
    ])
    try #require(
      try await compiler.end() == .exit(0), "clang is needed, and must compile the reward")
    return folder.path + "/reward.so"
  }

  private func source(_ body: String, version: String = "GRPO_REWARD_VERSION") -> String {
    """
    #include "grpo_reward.h"
    #include <stdio.h>
    #include <string.h>
    int32_t grpo_reward_version(void) { return \(version); }
    int32_t grpo_reward_score(int64_t step, const grpo_completion *c, size_t count,
                              double *rewards, int32_t *status, char *message, size_t size) {
      \(body)
    }
    """
  }

  @Test func theExampleScores() async throws {
    let folder = try ScriptFolder()
    let reward = LibraryReward(try await library(folder))
    #expect(reward.name == "reward")
    try await reward.start()
    var request = RewardRequest.of("4", "5", "x")
    request.completions[2].answer = nil
    #expect(
      try await reward.score(request).scores == [.value(1), .value(0), .notApplicable])
    #expect(try await reward.score(RewardRequest(step: 1, completions: [])).scores == [])
    await reward.stop()
  }

  /// What the program computes, and where it writes, stays what it was.
  @Test func roundingAndTheCurrentDirectoryAreKept() async throws {
    let folder = try ScriptFolder()
    let path = try await library(
      folder,
      "#include <fenv.h>\n#include <unistd.h>\n"
        + source("fesetround(FE_UPWARD); return chdir(\"/\") + 7;"))
    let directory = FileManager.default.currentDirectoryPath
    var message = [CChar](repeating: 0, count: Int(CRL_MESSAGE_SIZE))
    var (rewards, status): ([Double], [Int32]) = ([0], [0])
    // SAFETY: no array is read or written, for there is no completion.
    guard let library = unsafe crl_open(path, &message) else {
      Issue.record("it cannot be loaded")
      return
    }
    let result = unsafe crl_score(
      library, 1, 0, [0], [0], [0], [0], [0], [0], &rewards, &status, &message)
    #expect(result == 7)
    #expect(fegetround() == FE_TONEAREST)
    #expect(FileManager.default.currentDirectoryPath == directory)
    unsafe crl_close(library)
  }

  @Test func aLibrarySeesAllThereIs() async throws {
    let folder = try ScriptFolder()
    let path = try await library(
      folder,
      source(
        """
        snprintf(message, size, "%d %s|%s|%s|%s %d%d %d %d", (int)step, c[1].prompt.bytes,
                 c[1].completion.bytes, c[1].label.bytes ? "label" : "none", c[0].columns.bytes,
                 (int)c[0].token_ids[1], (int)c[1].token_ids[0], (int)c[1].token_count,
                 (int)c[1].finished);
        return 1;
        """))
    var request = RewardRequest.of("a", "é\u{0}b", step: 7)
    request.completions[1].answer = nil
    request.completions[1].finishReason = .length
    let scores = try await LibraryReward(path).score(request).scores
    // A NUL ends what a library reads as a C string; the length says that there is more.
    #expect(
      failure(scores) == "7 2+2=|é|none|{\"question\":\"2+2\",\"level\":1} 87 2 0")
  }

  @Test func failuresAreTold() async throws {
    let folder = try ScriptFolder()
    let path = try await library(
      folder,
      source("rewards[0] = 0.0 / 0.0; status[1] = GRPO_FAILED; return 0;"))
    #expect(
      try await LibraryReward(path).score(.of("4", "5")).scores == [
        .failed("got nan; need a finite number"), .failed("the library found no score"),
      ])
    let lazy = try await library(folder, source("rewards[0] = 1; return 0;"))
    try FileManager.default.copyItem(atPath: lazy, toPath: folder.path + "/lazy.so")
    #expect(
      try await LibraryReward(folder.path + "/lazy.so").score(.of("4", "5")).scores == [
        .value(1), .failed("got nan; need a finite number"),
      ])
    let silent = try await library(folder, source("return 5;"))
    let copy = folder.path + "/other.so"
    try FileManager.default.copyItem(atPath: silent, toPath: copy)
    let scores = try await LibraryReward(copy).score(.of("4", "5")).scores
    #expect(failure(scores) == "the library returned 5")
  }

  @Test func whatIsNoRewardDoesNotStart() async throws {
    let folder = try ScriptFolder()
    try folder.write("text.so", "no library")
    let other = try await library(folder, source("return 0;", version: "99"))
    for (path, reason) in [
      ("/no/such/reward.so", "cannot open shared object file"),
      (folder.path + "/text.so", "file too short"),
      (other, "is of version 99 (need 1)"),
    ] {
      await #expect {
        try await LibraryReward(path, name: "r").start()
      } throws: {
        let text = String(describing: $0)
        return text.hasPrefix("reward 'r': cannot start: \(path): ") && text.contains(reason)
      }
    }
  }
}

import Formats
import Foundation
import RewardPlugins
import Rewards
import Testing

/// A folder of its own for one test, removed with the value's last reference.
final class ScriptFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "reward-plugins-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes an executable file of that name.
  func write(_ name: String, _ text: String, mode: Int = 0o755) throws {
    let file = path + "/" + name
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
  }

  func read(_ name: String) -> String? {
    try? String(contentsOfFile: path + "/" + name, encoding: .utf8)
  }

  /// A command that runs Python, after having answered the empty batch.
  ///
  /// `reply(request, …)` prints a reply with the fields given, `n(request)` counts completions.
  func python(
    _ body: String, timeout: Double = 20, _ change: (inout PluginOptions) -> Void = { _ in }
  ) throws -> CommandReward {
    try #require(
      ["/usr/bin/python3", "/usr/local/bin/python3"].contains {
        FileManager.default.isExecutableFile(atPath: $0)
      } || Self.isInPath("python3"), "these tests need python3, which is not installed")
    let prelude = """
      #!/usr/bin/env python3
      import json, os, signal, subprocess, sys, time
      def n(request):
          return len(request["completions"])
      def reply(request, **fields):
          print(json.dumps(fields), flush=True)
      def requests():
          for line in iter(sys.stdin.readline, ""):
              yield json.loads(line)
      sys.stdin.readline()
      print('{"rewards": []}', flush=True)

      """
    try write("score.py", prelude + body)
    return try CommandReward(["./score.py"], name: "test", options: options(timeout, change))
  }

  /// A command that is no script of this folder's making.
  func command(
    _ command: [String], _ change: (inout PluginOptions) -> Void = { _ in }
  ) throws -> CommandReward {
    try CommandReward(command, name: "math", options: options(20, change))
  }

  private func options(
    _ timeout: Double, _ change: (inout PluginOptions) -> Void
  ) -> PluginOptions {
    var options = PluginOptions()
    options.timeout = timeout
    options.directory = path
    change(&options)
    return options
  }

  static func isInPath(_ program: String) -> Bool {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return path.split(separator: ":").contains {
      FileManager.default.isExecutableFile(atPath: $0 + "/" + program)
    }
  }

  /// A command that runs a shell script, after having answered the empty batch.
  func shell(
    _ body: String, timeout: Double = 20, _ change: (inout PluginOptions) -> Void = { _ in }
  ) throws -> CommandReward {
    try raw("read line; echo '{\"rewards\": []}'\n" + body, timeout: timeout, change)
  }

  /// A command that runs a shell script and nothing else.
  func raw(
    _ body: String, timeout: Double = 20, _ change: (inout PluginOptions) -> Void = { _ in }
  ) throws -> CommandReward {
    try write("score.sh", "#!/bin/sh\n" + body)
    return try CommandReward(["./score.sh"], name: "test", options: options(timeout, change))
  }
}

extension RewardRequest {
  /// Completions of these texts, each of two tokens, with the answer "4".
  static func of(_ texts: String..., step: Int = 1) -> RewardRequest {
    RewardRequest(
      step: step,
      completions: texts.map {
        Completion(
          prompt: "2+2=", text: $0, tokenIDs: [7, 8], finishReason: .stop, answer: "4",
          columns: ["question": "2+2", "level": 1])
      })
  }
}

extension CommandReward {
  /// The scores of two completions.
  func scorePair() async throws -> [Score] {
    try await score(RewardRequest.of("4", "5")).scores
  }
}

/// The reason why both scores of a pair failed; nil when they did not.
func failure(_ scores: [Score]) -> String? {
  guard scores.count == 2, scores[0] == scores[1], case .failed(let reason) = scores[0].outcome
  else { return nil }
  return reason
}

/// Whether a process of that number exists, a zombie included.
func exists(_ process: String?) -> Bool {
  guard let number = process.flatMap({ Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) })
  else { return false }
  return FileManager.default.fileExists(atPath: "/proc/\(number)")
}

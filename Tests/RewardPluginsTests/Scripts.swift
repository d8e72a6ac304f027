import Formats
import Foundation
import RewardPlugins
import Rewards
import TestSupport
import Testing

/// A folder of its own for one test, removed with the value's last reference.
final class ScriptFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "reward-plugins-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file of that name.
  func write(_ name: String, _ text: String) throws {
    try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
  }

  /// Makes an executable file of that name.
  func writeExecutable(_ name: String, _ text: String) async throws {
    try await makeExecutable(path + "/" + name, text)
  }

  /// A folder with a function in Python, and the reward that it is.
  static func reward(
    _ source: String, function: String = "f", style: PythonReward.Style = .trl,
    conversational: Bool = false, arguments: JSONObject? = nil
  ) throws -> (ScriptFolder, CommandReward) {
    let folder = try ScriptFolder()
    try folder.write("rewards.py", source)
    return (
      folder,
      try PythonReward.reward(
        "rewards.py:\(function)", style: style, conversational: conversational,
        arguments: arguments, options: folder.options())
    )
  }

  func read(_ name: String) -> String? {
    try? String(contentsOfFile: path + "/" + name, encoding: .utf8)
  }

  /// A command that runs Python, after having answered the empty batch.
  ///
  /// `reply(request, …)` prints a reply with the request's id and the fields given, `n(request)` counts
  /// completions.
  func python(
    _ body: String, timeout: Double? = nil, _ change: (inout PluginOptions) -> Void = { _ in }
  ) async throws -> CommandReward {
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
          print(json.dumps({"id": request["id"], **fields}), flush=True)
      def requests():
          for line in iter(sys.stdin.readline, ""):
              yield json.loads(line)
      sys.stdin.readline()
      print('{"rewards": []}', flush=True)

      """
    try await writeExecutable("score.py", prelude + body)
    return try CommandReward(
      ["./score.py"], name: "test", options: options(timeout: timeout, change))
  }

  /// A command that is no script of this folder's making.
  func command(
    _ command: [String], _ change: (inout PluginOptions) -> Void = { _ in }
  ) throws -> CommandReward {
    try CommandReward(command, name: "math", options: options(change))
  }

  /// Options of this folder.
  ///
  /// A deadline that is not what a test is about would make it one of how busy the machine is.
  func options(
    timeout: Double? = nil, _ change: (inout PluginOptions) -> Void = { _ in }
  ) -> PluginOptions {
    var options = PluginOptions()
    options.timeout = timeout ?? PluginOptions.longestTimeout
    options.startTimeout = PluginOptions.longestTimeout
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
  ///
  /// `reply '[1, 2]'` prints these rewards with the id of the request in `$line`.
  func shell(
    _ body: String, timeout: Double? = nil, _ change: (inout PluginOptions) -> Void = { _ in }
  ) async throws -> CommandReward {
    let prelude = #"""
      reply() {
        number=${line#*'"id":'}
        echo "{\"rewards\": $1, \"id\": ${number%%,*}}"
      }
      read line; reply '[]'

      """#
    return try await raw(prelude + body, timeout: timeout, change)
  }

  /// A command that runs a shell script and nothing else.
  func raw(
    _ body: String, timeout: Double? = nil, _ change: (inout PluginOptions) -> Void = { _ in }
  ) async throws -> CommandReward {
    try await writeExecutable("score.sh", "#!/bin/sh\n" + body)
    return try CommandReward(
      ["./score.sh"], name: "test", options: options(timeout: timeout, change))
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
  guard scores.count == 2, scores[0] == scores[1], case .failed(let reason) = scores[0]
  else { return nil }
  return reason
}

/// Whether a process of that number exists, a zombie included.
func exists(_ process: String?) -> Bool {
  guard let number = process.flatMap({ Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) })
  else { return false }
  return FileManager.default.fileExists(atPath: "/proc/\(number)")
}

/// Whether a process is gone, or a zombie: an orphan is reaped by another process than ours.
func isDead(_ process: String?) -> Bool {
  guard exists(process), let number = process?.trimmingCharacters(in: .whitespacesAndNewlines)
  else { return true }
  // "NUMBER (NAME) STATE …"
  let status = (try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8)) ?? ") Z"
  return status.split(separator: ")").last?.hasPrefix(" Z") ?? true
}

/// Waits for what must come, however long it takes.
func waitUntil(_ condition: () -> Bool) async throws {
  while !condition() { try await Task.sleep(for: .milliseconds(5)) }
}

import ArgumentParser
import Formats
import Foundation
import RewardPlugins
import Rewards

/// Times what a reward costs beside its own work: batches of 64 completions, 16 prompts of 4.
@main struct RewardBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reward-benchmark",
    abstract: "Times what a reward costs beside its own work, for batches of 64 completions.")

  @Option(help: "Batches of each reward; the first ten are not timed.")
  var batches = 200

  func validate() throws {
    guard (11...1_000_000).contains(batches) else {
      throw ValidationError("--batches: got \(batches); need 11 to 1000000")
    }
  }

  func run() async throws {
    let scripts = FileManager.default.temporaryDirectory.path + "/reward-benchmark-\(getpid())"
    try FileManager.default.createDirectory(atPath: scripts, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: scripts) }
    func write(_ name: String, _ text: String) throws {
      try Data(text.utf8).write(to: URL(filePath: "\(scripts)/\(name)"))
    }
    // Nothing but the protocol, and 0.25 ms of work on each completion.
    try write(
      "null.py",
      """
      import json, sys
      for line in sys.stdin:
          request = json.loads(line)
          reply = {"id": request["id"], "rewards": [1] * len(request["completions"])}
          print(json.dumps(reply), flush=True)
      """)
    try write(
      "busy.py",
      """
      import time
      def score(completions, **kwargs):
          for _ in completions:
              end = time.process_time() + 0.00025
              while time.process_time() < end: pass
          return [1] * len(completions)
      """)
    var options = PluginOptions()
    options.directory = scripts
    try await time("exact_match, in this process", ExactMatch())
    try await time(
      "a command that does nothing",
      CommandReward(["python3", "null.py"], name: "null", options: options))
    for workers in [1, 2] {
      options.workers = workers
      try await time(
        "Python, 16 ms of work, \(workers) worker\(workers == 1 ? "" : "s")",
        PythonReward.reward("busy.py:score", options: options))
    }
  }

  private func time(_ name: String, _ reward: any RewardFunction) async throws {
    let completions = (0..<64).map { place in
      Completion(
        prompt: "Question \(place / 4): how much is 12+\(place / 4)? Answer:", text: "\(place)",
        tokenIDs: Array(0..<32), finishReason: .stop, answer: "\(12 + place / 4)",
        columns: ["question": .string("12+\(place / 4)"), "level": 1])
    }
    try await reward.start()
    var seconds: [Double] = []
    for step in 0..<batches {
      let start = ContinuousClock.now
      let response = try await reward.score(RewardRequest(step: step, completions: completions))
      seconds.append(start.duration(to: .now) / .seconds(1))
      guard response.scores.allSatisfy({ $0.total != nil }) else {
        throw ValidationError("\(name): a score failed")
      }
    }
    await reward.stop()
    let sorted = seconds.dropFirst(10).sorted()
    func milliseconds(_ share: Double) -> String {
      let value = sorted[Int(share * Double(sorted.count - 1))] * 1000
      return "\((value * 1000).rounded() / 1000)"
    }
    print("\(name): median \(milliseconds(0.5)) ms, nine of ten within \(milliseconds(0.9)) ms")
  }
}

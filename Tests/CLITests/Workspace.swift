import Foundation
import TestSupport
import Testing

/// A folder with questions, a template and a recipe that trains in a moment.
final class Workspace {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "grpo-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try write("train.jsonl", Self.questions(0..<64))
    try write("test.jsonl", Self.questions(64..<100))
    try write("prompt.txt", "{question}=\n")
    try write("recipe.yaml", Self.recipe)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  subscript(name: String) -> String { "\(path)/\(name)" }

  func write(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: self[name]))
  }

  func writeExecutable(_ name: String, _ text: String) async throws {
    try await makeExecutable(self[name], text)
  }

  func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: self[name])))
  }

  func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: self[name]) }

  /// The model that the warm start of the recipe makes.
  static let model = "run/warm-start/model"

  /// A folder in which the warm start was made.
  static func warmStarted() async throws -> Workspace {
    let folder = try Workspace()
    let outcome = try await GrpoProgram.run("sft", "recipe.yaml", "-q", in: folder)
    #expect(outcome.status == 0, "\(outcome.errors)")
    return folder
  }

  /// A recipe with one text in another's place.
  func edit(_ old: String, _ new: String, in name: String = "recipe.yaml") throws {
    let text = try text(name)
    try #require(text.contains(old), "\(name) has no \(old)")
    try write(name, text.replacingOccurrences(of: old, with: new))
  }

  /// Adds a command to the recipe's rewards, without deadlines: they would make a test one of how
  /// busy the machine is.
  func addPlugin(_ command: String) throws {
    let times = "timeout: 86400, start_timeout: 86400"
    try edit(
      "\nevaluation:", "\n  - { command: [\(command)], weight: 0, \(times) }\nevaluation:")
  }

  /// One-digit sums, each once: `{"question": "3+4", "answer": "7"}`.
  private static func questions(_ range: Range<Int>) -> String {
    range.map { number in
      let (a, b) = (number / 10, number * 7 % 10)
      return "{\"question\": \"\(a)+\(b)\", \"answer\": \"\(a + b)\"}\n"
    }.joined()
  }

  /// `regex` gives some completions a reward from the first step on, so that there is a gradient.
  private static let recipe = """
    seed: 1
    output: run
    data: { train: train.jsonl, test: test.jsonl }
    prompt: prompt.txt
    tokenizer: { vocab_size: 280 }
    model:
      hidden_size: 16
      num_hidden_layers: 2
      num_attention_heads: 2
      num_key_value_heads: 1
      intermediate_size: 32
      max_position_embeddings: 32
      tie_word_embeddings: true
    warm_start: { steps: 10, batch_size: 16, learning_rate: 1.0e-2 }
    train:
      questions_per_step: 2
      num_generations: 4
      max_completion_length: 6
      outer_iterations: 2
      steps_per_iteration: 4
      num_iterations: 2
      beta: 0.01
      learning_rate: 3.0e-3
      checkpoint_steps: 4
    rewards:
      - { name: regex, pattern: "1" }
      - { name: exact_match, weight: 0.5 }
    evaluation: { samples: 2, k: [1, 2] }

    """
}

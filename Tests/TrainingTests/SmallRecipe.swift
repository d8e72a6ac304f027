import Foundation
import Recipes
import Synchronization
import Training

/// A recipe of a few seconds in a directory of its own: sums of one-digit numbers.
struct SmallRecipe {
  let directory: String

  init() throws {
    directory =
      FileManager.default.temporaryDirectory.appendingPathComponent(
        "grpo-training-\(UUID().uuidString)"
      ).path
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
    var lines = ""
    for a in 0..<10 {
      for b in 0..<10 { lines += "{\"question\": \"\(a)+\(b)\", \"answer\": \"\(a + b)\"}\n" }
    }
    try write("data.jsonl", lines)
    try write("prompt.txt", "{question}=\n")
    try write(
      "recipe.yaml",
      """
      seed: 3
      output: runs/none
      data: { train: data.jsonl, test: data.jsonl }
      prompt: prompt.txt
      tokenizer: { vocab_size: 280 }
      model: { hidden_size: 24, num_hidden_layers: 2, num_attention_heads: 4,
        num_key_value_heads: 2, head_dim: 6, intermediate_size: 40, max_position_embeddings: 24,
        tie_word_embeddings: true, initializer_range: 0.1 }
      warm_start: { steps: 150, batch_size: 32, learning_rate: 3.0e-3, warmup_steps: 5 }
      train:
        questions_per_step: 5
        num_generations: 4
        max_completion_length: 4
        outer_iterations: 3
        steps_per_iteration: 3
        num_iterations: 2
        beta: 0.02
        learning_rate: 1.0e-3
        checkpoint_steps: 4
        log_completion_ids: true
      rewards: [exact_match, { name: contains, weight: 0.1 }]
      evaluation: { every: 3, samples: 2, k: [1, 2], questions: 20 }
      """)
  }

  func write(_ name: String, _ text: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: directory + "/" + name))
  }

  func recipe(_ output: String, _ settings: String...) throws -> Recipe {
    try Recipe(
      contentsOf: directory + "/recipe.yaml",
      overrides: [.output(directory + "/" + output)]
        + settings.compactMap { RecipeOverride(assignment: $0) })
  }

  func remove() { try? FileManager.default.removeItem(atPath: directory) }
}

extension Recipe {
  /// Makes the run, or what is missing of it, and returns what it warned of.
  @discardableResult func run(
    stopAfter last: Int = .max, allowing allowed: [String] = []
  ) async throws -> [String] {
    let seen = Mutex((step: 0, warnings: [String]()))
    let run = try TrainingRun(
      self, threads: 2, allowing: allowed,
      report: { event in
        switch event {
        case .step(let step, _, _): seen.withLock { $0.step = step }
        case .warning(let text): seen.withLock { $0.warnings.append(text) }
        default: break
        }
      }, isCancelled: { seen.withLock { $0.step } >= last })
    do {
      _ = try await run.runAll()
    } catch TrainingError.stopped where last < .max {}
    return seen.withLock { $0.warnings }
  }
}

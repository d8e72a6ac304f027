import ArgumentParser
import Datasets
import Foundation
import PolicyOptimization
import Training

/// `grpo reward train`.
struct RewardTrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a reward model on comparisons or scores.",
    discussion: """
      Rows {"prompt": …, "chosen": …, "rejected": …}, optionally with a "margin", are comparisons \
      (Bradley–Terry loss); rows {"prompt": …, "completion": …, "score": …} are scores (squared \
      error). The result is a directory that a recipe takes as a reward, {model: DIR}, and that \
      transformers loads as LlamaForSequenceClassification.
      """)

  @Option(help: "The training rows: \(DataFile.formats).", completion: .rows)
  var data: String

  @Option(help: "The held-out rows. (default: every eighth row of --data)", completion: .rows)
  var test: String?

  @Option(
    help: "The language or reward model to start from, with its tokenizer.",
    completion: .directory)
  var model: String

  @Option(help: "The directory to create for the reward model.", completion: .directory)
  var output: String

  @Option(parsing: .unconditional, help: "Updates.")
  var steps = 500

  @Option(parsing: .unconditional, help: "Rows per update.")
  var batchSize = 64

  @Option(parsing: .unconditional, help: "The learning rate.")
  var learningRate = 3e-4

  @Option(
    parsing: .unconditional,
    help: "c of the term c·(r₁ + r₂)² of the loss, which keeps rewards near 0.")
  var centerRewardsCoefficient = 0.0

  @Option(parsing: .unconditional, help: "The source of the order of the rows.")
  var seed = 0

  @Flag(help: "Prints JSON.")
  var json = false

  @OptionGroup var computing: ComputingOptions

  func validate() throws {
    try Bounds.check("--output", path: output)
    try Bounds.check("--steps", steps, 1...1_000_000_000)
    try Bounds.check("--batch-size", batchSize, 1...65536)
    try Bounds.check("--learning-rate", learningRate, above: 0, through: 1)
    try Bounds.check("--center-rewards-coefficient", centerRewardsCoefficient, 0...1000)
    try Bounds.check("--seed", seed, 0...Int.max)
  }

  func run() async throws {
    var options = RewardModelFitting.Options()
    (options.data, options.test, options.model) = (data, test, model)
    (options.output, options.steps, options.batchSize) = (output, steps, batchSize)
    (options.learningRate, options.centring) = (learningRate, centerRewardsCoefficient)
    (options.seed, options.threads) = (seed, computing.threads)
    let fitting = try RewardModelFitting(options)
    Interruption.watch()
    let every = max(1, steps / 20)
    let result: RewardModelFitting.Result
    do {
      result = try fitting.run(
        onStep: { step, loss in
          if step == 1 || step % every == 0 || step == steps {
            StandardError.write("step \(step)/\(steps)  loss \(NumberFormat.short(loss))")
          }
        }, isCancelled: { Interruption.isRequested })
    } catch is CancellationError {
      var stopped = Failure(.resumable, "stopped before the end, with nothing written")
      stopped.isError = false
      throw stopped
    }
    try RewardModelReport(result, output: output).write(json: json)
  }
}

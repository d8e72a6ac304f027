internal import Datasets
internal import Evaluation
internal import Formats
internal import Kernels
internal import LanguageModel
public import Recipes
internal import Rewards
internal import Sampling

/// What a recipe asks of this machine.
public struct RecipeEstimate: Sendable {
  /// Numbers of the policy.
  public let parameterCount: Int
  /// Memory of the process at its largest, in bytes, about.
  public let bytes: Double
  /// Seconds of a training step, about, with completions as long as they may be and without the
  /// time that rewards take; nil for a recipe without `train`.
  public let secondsPerStep: Double?
}

extension TrainingRun {
  /// Estimates what a recipe asks of this machine, without running it.
  ///
  /// The policy is made, and a part of a step is timed: about a second for small policies. Nothing is
  /// written.
  ///
  /// - Throws: what keeps the recipe's files from being read, or `TrainingError.tooLarge`.
  public static func estimate(_ recipe: Recipe, threads: Int) async throws -> RecipeEstimate {
    let whole = try TrainingRun(recipe, threads: threads)
    let start = try whole.initialPolicy(writes: false)
    let configuration = start.model.configuration
    // The program, the data and the tokenizer are in memory, and the policy, which is counted below.
    let count = ParameterLayout(configuration).count
    let resident = Double(max(0, MachineMemory.resident - 4 * count))
    let need = MemoryNeed(recipe, configuration, heldOut: whole.test?.questions.count ?? 0)
    guard let train = recipe.train else {
      return RecipeEstimate(
        parameterCount: count, bytes: resident + need.bytes, secondsPerStep: nil)
    }
    let prompts = try whole.sampler(start).encode(whole.questions).map(\.count)
    let prompt = Double(prompts.reduce(0, +)) / Double(max(1, prompts.count))
    let trial = TrialStep(recipe, train, configuration, parameters: count, prompt: prompt)
    return RecipeEstimate(
      parameterCount: count,
      bytes: resident + need.bytes + train.activationBytes(configuration),
      secondsPerStep: try await trial.seconds(from: start, threads: threads))
  }
}

extension Recipe.Train {
  /// Activations and gradients of a step's tokens, within the budget.
  fileprivate func activationBytes(_ configuration: ModelConfiguration) -> Double {
    let row = Double(
      Activations.bytesPerRow(configuration, .everything)
        + BackwardWorkspace.bytesPerRow(configuration))
    let rows = Double(questionsPerStep * completionsPerQuestion * maxCompletionTokens)
    return min(rows * row, Double(max(activationMemoryMegabytes, 1)) * 0x1p20)
  }
}

/// A part of a step, small enough to be timed.
private struct TrialStep {
  private var recipe: Recipe
  private var train: Recipe.Train
  private let whole: Recipe.Train
  private let prompt: Double

  /// Operations that take about a second.
  private static let budget = 1e11

  /// - Parameter prompt: Tokens of a prompt, the mean.
  init(
    _ recipe: Recipe, _ train: Recipe.Train, _ configuration: ModelConfiguration, parameters: Int,
    prompt: Double
  ) {
    (whole, self.prompt) = (train, prompt)
    self.train = train
    self.recipe = recipe
    (self.recipe.warmStart, self.recipe.evaluation, self.recipe.rewardModel) = (nil, nil, nil)
    self.recipe.data.test = nil
    // A token costs 2 operations per parameter to sample and 6 to train on, and attends to those
    // before it in each layer.
    let completions = Double(train.completionsPerQuestion)
    let tokens = Double(train.maxCompletionTokens)
    let attended = prompt * prompt / 2 + completions * tokens * (prompt + tokens)
    let question =
      8 * Double(parameters) * (prompt + completions * tokens)
      + 16 * attended * Double(configuration.layers * configuration.queryWidth)
    let questions = Self.budget / question
    self.train.questionsPerStep = max(1, Int(min(questions, Double(train.questionsPerStep))))
    if questions < 1 { self.train.maxCompletionTokens = max(2, Int(questions * tokens)) }
    self.train.axes.miniBatches = min(train.axes.miniBatches, self.train.questionsPerStep)
    self.recipe.train = self.train
  }

  /// Seconds of the first step beyond which no other one is made.
  private static let patience = 3.0

  /// The least of two steps, after one that takes the memory; that one alone where it takes long.
  ///
  /// - Parameter start: The policy that is trained, which the steps move.
  func seconds(from start: TrainingRun.Start, threads: Int) async throws -> Double {
    let run = try TrainingRun(recipe, threads: threads, rewards: [.init(AnyReward())])
    let loop = try run.loop(train, from: start, host: TrainingLoop.Host(directory: run.run))
    var seconds: [Double] = []
    repeat {
      let clock = Stopwatch()
      _ = try await loop.makeStep(on: loop.nextRows)
      seconds.append(clock.seconds)
    } while seconds.count < 3 && seconds[0] < Self.patience
    func tokens(_ train: Recipe.Train) -> Double {
      prompt + Double(train.completionsPerQuestion * train.maxCompletionTokens)
    }
    let questions = Double(whole.questionsPerStep) / Double(train.questionsPerStep)
    let least = seconds.dropFirst().min() ?? seconds[0]
    return least * questions * tokens(whole) / tokens(train)
  }

  /// Rewards that differ within every group, so that all of a step is computed.
  private struct AnyReward: PerCompletionReward {
    let name = "any"
    func score(_ completion: Completion) -> Double? {
      Double(completion.text.utf8.reduce(0) { $0 &+ Int($1) } % 7)
    }
  }
}

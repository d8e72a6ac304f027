internal import Datasets
internal import Evaluation
internal import Kernels
package import LanguageModel
package import PolicyOptimization
package import Recipes
internal import Rewards
internal import Sampling

/// The memory that a run cannot do without.
///
///     training    4·P·(policy, reference, gradient, the update's state, …) + a step's completions
///     evaluation  4·P·(warm start, policy) + the held-out completions' scores
///
/// for P numbers of a policy; to each come the rows that drawing computes, and to completions what is
/// known of them, as though all were as long as they may be. What a run takes beside that is small, or
/// within the recipe's budgets. In floating point: sizes that a recipe may claim go beyond whole
/// numbers.
package struct MemoryNeed {
  /// What the policy and its update take.
  private let model: Double
  /// What a step takes beside that.
  private let step: Double
  private let evaluation: Double

  package var bytes: Double { max(model + step, evaluation) }

  /// - Parameters:
  ///   - configuration: The policy's; nil where that is not known yet, and not counted.
  ///   - needs: What a step computes, where the recipe is not all that says so.
  ///   - heldOut: How many questions there are to evaluate on.
  package init(
    _ recipe: Recipe, _ configuration: ModelConfiguration?,
    needs: Set<ObjectiveNeed>? = nil, heldOut: Int = 0
  ) {
    let parameters = 4 * Double(configuration.map { ParameterLayout($0).count } ?? 0)
    let tokens = recipe.train?.maxCompletionTokens ?? TrainingRun.answerTokens
    let drawing = DecodingMemory(
      configuration, tokens: tokens,
      budget: Double((recipe.train?.activationMemoryMegabytes ?? 1024) << 20))
    evaluation =
      recipe.evaluation.map {
        2 * parameters + Self.evaluation($0, questions: heldOut, drawing)
      } ?? 0
    guard let train = recipe.train else {
      // Of the warm start: policy, gradient and Adam's moments.
      (model, step) = (4 * parameters, 0)
      return
    }
    let needs = needs ?? PolicyTrainer.Settings(train, seed: recipe.seed).needs
    var copies = 4.0
    if needs.includeReference { copies += 1 }
    if needs.exactKLToOld != nil { copies += 1 }
    if train.axes.value?.trunk == .own { copies += 4 }
    if recipe.rewardModel != nil { copies += 4 }
    model = copies * parameters
    let count = Double(train.questionsPerStep) * Double(train.completionsPerQuestion)
    // Exact divergences compare with the last layer's rows under other policies.
    let others = [needs.exactKLToOld, needs.exactKLToReference].count { $0 != nil }
    let hidden = 4 * Double(others * (configuration?.hiddenSize ?? 0))
    let completion = Self.completion(of: train, rewards: recipe.rewards.count)
    let training =
      drawing.rows(
        questions: train.questionsPerStep, completions: train.completionsPerQuestion)
      + count * (completion.whole + Double(tokens) * (completion.token + hidden))
    var comparisons = 0.0
    if let rewardModel = recipe.rewardModel, rewardModel.labeller != nil {
      comparisons =
        Double(rewardModel.questions) * Double(rewardModel.completionsPerQuestion)
        * (Self.drawn.whole + Double(tokens) * Self.drawn.token)
    }
    step = max(training, comparisons)
  }

  /// What an array or a closure takes beside what it holds: its head, and the allocator's.
  private static let block = 40.0

  /// Bytes of a completion as it was drawn, and of each of its tokens: id, log-prob and entropy.
  ///
  /// What finds the tokens' ends holds it once more, with its text and the tokenizer.
  private static let drawn = (
    whole: Double(
      2 * MemoryLayout<SampledCompletion>.stride + MemoryLayout<Completion>.stride
        + MemoryLayout<String>.stride) + 4 * block,
    token: 16.0
  )

  /// Bytes of a completion in a step, and of each of its tokens.
  private static func completion(
    of train: Recipe.Train, rewards: Int
  ) -> (whole: Double, token: Double) {
    // The whole reward is an entry of two streams; each reward is a component of its own.
    let each = MemoryLayout<Score>.stride + MemoryLayout<RewardGroups.Component>.stride
    let trained =
      MemoryLayout<TokenBatch.Completion>.stride + MemoryLayout<RewardGroups.Completion>.stride
      + MemoryLayout<RewardReport.Outcome>.stride + 2 * MemoryLayout<TokenReward>.stride
      + rewards * each
    // Log-probs and entropies as the sampler has them, in one array of all tokens; and in double
    // precision, with an advantage, a derivative and a mask.
    var token = drawn.token + 8 + 4 * 8 + 1
    // A list of the ids that could be drawn, with one of them.
    if train.topK > 0 || train.topP < 1 || train.minP > 0 { token += 8 + block + 4 }
    return (drawn.whole + Double(trained) + 3 * block, token)
  }

  /// What an evaluation holds: every completion's score, and what it votes for.
  private static func evaluation(
    _ evaluation: Recipe.Evaluation, questions: Int, _ drawing: DecodingMemory
  ) -> Double {
    let count = min(questions, evaluation.questions ?? questions)
    if count == 0 { return 0 }
    let scores = MemoryLayout<Double>.stride + MemoryLayout<String?>.stride + 1
    return Double(count) * Double(evaluation.samples) * Double(scores)
      + drawing.rows(questions: 1, completions: evaluation.samples)
      + Double(evaluation.samples) * (drawn.whole + Double(drawing.tokens) * drawn.token)
  }

  /// What completions of up to `tokens` are drawn in.
  private struct DecodingMemory {
    let tokens: Int
    private let bytesPerRow: Double
    private let room: Int
    private let budget: Double

    init(_ configuration: ModelConfiguration?, tokens: Int, budget: Double) {
      (self.tokens, self.budget) = (tokens, budget)
      bytesPerRow = Double(
        configuration.map { Activations.bytesPerRow($0, .keysAndValues) } ?? 0)
      room = configuration.map { max(1, min(tokens, $0.maximumPositions - 2)) } ?? tokens
    }

    /// Bytes of the rows: those of one question at least, BOS and a token and its completions; and of
    /// as many as the budget holds, or half of it, since what it does not hold is drawn in halves.
    func rows(questions: Int, completions: Int) -> Double {
      let one = (2 + Double(completions) * Double(room)) * bytesPerRow
      return max(one, min(Double(questions) * one, budget / 2))
    }
  }

  /// - Throws: `TrainingError.tooLarge` where there is less than is needed.
  package func check(available: Int? = MachineMemory.available) throws(TrainingError) {
    guard let available, bytes > Double(available) else { return }
    let part: TrainingError.LargePart =
      evaluation > model + step ? .evaluation : step > model ? .step : .model
    throw .tooLarge(part, bytes: bytes, available: available)
  }
}

extension TrainingRun {
  /// - Parameter configuration: The policy's; nil before that is known.
  /// - Throws: `TrainingError.tooLarge` where the machine has less memory than the run needs.
  func checkMemory(for configuration: ModelConfiguration?) throws(TrainingError) {
    var needs: Set<ObjectiveNeed>?
    if let train = recipe.train { needs = try settings(of: train).needs }
    try MemoryNeed(
      recipe, configuration, needs: needs, heldOut: test?.questions.count ?? 0
    ).check()
  }
}

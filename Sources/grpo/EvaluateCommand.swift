import ArgumentParser
import Datasets
import Evaluation
import Formats
import Kernels
import Rewards
import Sampling
import Training

/// `grpo evaluate`.
struct EvaluateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Asks a model held-out questions: accuracy, pass@k, maj@k.",
    discussion: """
      The questions come from a recipe's data.test, or from --data. A completion is correct when \
      the reward (the recipe's first one, or --reward) gives it at least 1. maj@k: the answer that \
      most of k samples give, ties to the one that comes first. With --baseline both models get \
      the same questions and the same random numbers, and are compared question by question.
      """)

  @Option(help: "The model's directory.", completion: .directory)
  var model: String

  @Option(
    help: "The recipe that says what is asked and how it is judged.",
    completion: .file(extensions: ["yaml", "yml"]))
  var recipe: String?

  @Option(
    help: "Questions as rows: \(DataFile.formats).",
    completion: .file(extensions: DataFile.endings))
  var data: String?

  @Option(help: "The file with the prompt template. (default: the question itself)")
  var prompt: String?

  @Option(help: "A built-in reward: \(BuiltInReward.names.joined(separator: ", ")).")
  var reward: String?

  @Option(help: "The column with the question. (default: question, or else prompt)")
  var questionField: String?

  @Option(help: "The column with the answer. (default: answer)")
  var answerField: String?

  @Option(help: "Another model to compare with.", completion: .directory)
  var baseline: String?

  @Option(help: "Samples of each question beside the greedy answer. (default: the recipe's, or 8)")
  var samples: Int?

  @Option(
    name: .customLong("k"),
    help: ArgumentHelp(
      "The k of pass@k and maj@k. (default: the recipe's, or 1,4,8)", valueName: "k,k,…"),
    transform: NumberList.init)
  var k: NumberList?

  @Option(help: "Temperature of the samples. (default: the recipe's, or 1)")
  var temperature: Double?

  @Option(help: "Tokens a completion may have. (default: the recipe's, or 64)")
  var maxCompletionLength: Int?

  @Option(help: "Asks the first so many questions only.")
  var limit: Int?

  @Option(help: "Where the random numbers come from. (default: the recipe's seed, or 0)")
  var seed: Int?

  @Option(help: "Ends with exit code 1 when the greedy accuracy is below this share.")
  var failUnder: Double?

  @Flag(help: "Prints JSON.")
  var json = false

  @OptionGroup var computing: ComputingOptions

  private static let fewQuestions = 30

  func validate() throws {
    if recipe == nil && (data == nil || reward == nil) {
      throw ValidationError("need --recipe, or --data and --reward")
    }
    try Bounds.check("--samples", samples, 0...1024)
    try Bounds.check("--temperature", temperature, above: 0, through: 100)
    try Bounds.check("--max-completion-length", maxCompletionLength, 1...1_000_000)
    try Bounds.check("--limit", limit, 1...Int.max)
    try Bounds.check("--seed", seed, 0...Int.max)
    try Bounds.check("--fail-under", failUnder, 0...1)
  }

  func run() async throws {
    let recipe = try self.recipe.map { try Recipe(contentsOf: $0, ownRewards: true) }
    let options = try evaluatorOptions(recipe)
    let rewards = try rewardSet(recipe)
    let questions = try questionSet(recipe, judge: rewards.entries[0].function)
    let limit = self.limit ?? recipe?.evaluation?.questions
    let count = min(questions.questions.count, limit ?? .max)
    if count < Self.fewQuestions {
      StandardError.write(
        "warning: \(count) questions say little about a model (need \(Self.fewQuestions) or more)")
    }
    let workers = Workers(count: computing.threads)
    func evaluator(_ policy: Policy) throws -> Evaluator {
      try Evaluator(
        sampler: sampler(of: policy, recipe), questions: questions, limit: limit,
        reward: rewards.entries[0].function)
    }
    // All that can be wrong with the files is found before anything is computed.
    let evaluated = try ([model] + (baseline.map { [$0] } ?? [])).map { path in
      let policy = try Policy(path, workers: workers, withTokenizer: true)
      return (policy, try evaluator(policy))
    }
    try await rewards.start()
    var results: [EvaluationReport] = []
    do {
      for (policy, evaluator) in evaluated {
        results.append(try await evaluator.report(on: policy.parameters, options: options))
      }
    } catch {
      await rewards.stop()
      throw error
    }
    await rewards.stop()
    let table = try EvaluationTable(
      model: model, report: results[0], baseline: baseline,
      baselineReport: results.dropFirst().first, reward: rewards.entries[0].function.name,
      data: questions.file)
    try table.write(json: json)
    try gate(results[0])
  }

  private func gate(_ report: EvaluationReport) throws {
    guard let failUnder, let accuracy = report.greedy?.mean, accuracy < failUnder else { return }
    throw Failure(
      .gateFailed,
      "greedy accuracy is too low (got \(Figures.short(accuracy)); "
        + "need \(Figures.short(failUnder)))")
  }

  // MARK: What the recipe says, and what the command line says instead

  private func evaluatorOptions(_ recipe: Recipe?) throws -> Evaluator.Options {
    let fromRecipe = recipe?.evaluation ?? Recipe.Evaluation()
    let samples = self.samples ?? fromRecipe.samples
    let usual = recipe == nil ? [1, 4, 8] : fromRecipe.k
    if let k, let bad = k.values.first(where: { $0 < 1 || $0 > samples }) {
      throw ValidationError("--k: got \(bad); need 1 to \(samples), the number of samples")
    }
    return Evaluator.Options(
      samples: samples, k: k?.values ?? usual.filter { $0 <= samples },
      temperature: temperature ?? fromRecipe.temperature,
      seed: UInt64(seed ?? recipe?.seed ?? 0))
  }

  private func rewardSet(_ recipe: Recipe?) throws -> RewardSet {
    if let reward {
      do throws(RewardError) {
        return try RewardSet([.init(BuiltInReward.named(reward))])
      } catch {
        throw ValidationError("--reward: \(error)")
      }
    }
    guard let recipe, !recipe.rewards.isEmpty else {
      throw ValidationError("the recipe has no rewards (need --reward)")
    }
    // Only the first one judges; the others need not even start.
    var first = recipe
    first.rewards = [recipe.rewards[0]]
    return try first.rewardSet()
  }

  private func questionSet(
    _ recipe: Recipe?, judge: any RewardFunction
  ) throws -> QuestionSet {
    guard let file = data ?? recipe?.data.test else {
      throw ValidationError("the recipe has no data.test (need --data)")
    }
    var columns = QuestionSet.Columns(
      question: questionField ?? recipe?.data.question ?? "question",
      answer: answerField ?? recipe?.data.answer ?? "answer",
      answerUser: judge.needsAnswer ? judge.name : nil)
    (columns.questionSetting, columns.answerSetting) = ("--question-field", "--answer-field")
    return try QuestionSet(
      path: file, columns: columns,
      template: try (prompt ?? recipe?.prompt).map { try PromptTemplate(path: $0) })
  }

  private func sampler(of policy: Policy, _ recipe: Recipe?) throws -> TextSampler {
    var options =
      recipe?.train?.samplingOptions(eosIDs: policy.eosIDs)
      ?? SamplingOptions(maximumTokens: 64, eosIDs: policy.eosIDs)
    if let maxCompletionLength { options.maximumTokens = maxCompletionLength }
    return try policy.sampler(options: options, stop: recipe?.train?.stop ?? [])
  }
}

/// Whole numbers with commas between them.
struct NumberList: Sendable {
  let values: [Int]

  init(_ text: String) throws {
    values = try text.split(separator: ",", omittingEmptySubsequences: false).map {
      guard let value = Int($0) else {
        throw ValidationError("got \(text.visible()); need whole numbers, such as 1,4,8")
      }
      return value
    }
  }
}

internal import Datasets
public import Evaluation
public import Formats
internal import Foundation
internal import Kernels
internal import LanguageModel
public import PolicyOptimization
public import Recipes
public import Rewards
public import Runs
package import Sampling
internal import Tokenization

/// A recipe's run: tokenizer, warm start, training, evaluation; finished stages are skipped.
public final class TrainingRun {
  /// The results of a finished run.
  public struct Summary: Sendable {
    /// The run's directory.
    public var run: RunDirectory
    /// Where the warm start ended; nil where the recipe has none.
    public var warmStart: WarmStartResult?
    /// Held-out results of the warm start; nil without a warm start or held-out questions.
    public var before: EvaluationReport?
    /// Held-out results of the trained policy; nil without held-out questions.
    public var after: EvaluationReport?
    /// The paired difference of the two in greedy accuracy; nil where one is missing.
    public var gain: PairedComparison?
    /// The reward that decides what is correct in both: the recipe's first.
    public var judge: String?
    /// Why results are missing, or rest on scores that failed; nil where neither holds.
    public var failure: RewardError?
    /// What the run shows that a user should know.
    public var findings: [Finding] = []
    /// The lines of `metrics.jsonl`, in their order.
    public var metrics: [JSONObject]
    /// How many numbers the model learns.
    public var parameterCount: Int
    /// Wall time of this call, in seconds.
    public var seconds: Double
  }

  /// Tokens of a completion where no recipe key says so: of a warm start alone.
  static let answerTokens = 64

  /// The recipe as resolved.
  public let recipe: Recipe
  /// The run's directory.
  public internal(set) var run: RunDirectory
  let workers: Workers
  let report: (TrainingEvent) -> Void
  let isCancelled: () -> Bool
  let patience: Patience?
  let questions: QuestionSet
  let test: QuestionSet?
  /// Fields that may differ from what the run began with.
  let allowed: [String]
  let ownRewards: [RewardSet.Entry]?
  let ownObjective: (any Objective)?
  let ownAdvantage: (any AdvantageEstimator)?
  /// What was answered in the last steps that this object made.
  var lastAnswers: [ObservedSteps.Answer] = []
  /// What is made of other inputs from now on, where that is not written down yet.
  var accepted: Accepted?
  var digests = FileDigests()
  /// Why the warm start cannot be read, where the run goes on without it.
  var warmStartProblem: (any Error)?

  /// Reads the questions and the prompt, before anything is written.
  ///
  /// Rewards, an objective and an advantage estimator given here are not recorded in the run's
  /// directory: pass the same ones to resume it.
  ///
  /// - Parameters:
  ///   - recipe: One that was read or `validated()`.
  ///   - threads: How many threads compute, at least 1; results do not depend on it.
  ///   - rewards: Takes the place of the recipe's rewards. A recipe read from a file must still name
  ///     one unless it was read with `ownRewards: true`.
  ///   - objective: Takes the place of the objective that the recipe's keys describe.
  ///   - advantage: Takes the place of the recipe's advantage estimator, for its needs and for what a
  ///     value function is fitted to as well.
  ///   - allowed: Keys of the recipe, or of files, that may differ from what the run in the
  ///     directory began with, and sections of them; the changes are recorded.
  ///   - report: Called with each event of the run, such as a finished step.
  ///   - isCancelled: Asked between steps; true saves and ends the run.
  ///   - patience: How long rewards are waited for then; as long as they take without it.
  /// - Throws: `FormatError` for a file of questions or the prompt, or rows that a reward cannot use;
  ///   `RecipeError` if rewards are missing.
  public init(
    _ recipe: Recipe, threads: Int, rewards: [RewardSet.Entry]? = nil,
    objective: (any Objective)? = nil, advantage: (any AdvantageEstimator)? = nil,
    allowing allowed: [String] = [],
    report: @escaping (TrainingEvent) -> Void = { _ in },
    isCancelled: @escaping () -> Bool = { false }, patience: Patience? = nil
  ) throws {
    if rewards == nil { try recipe.requireRewards() }
    self.recipe = recipe
    run = RunDirectory(recipe.output)
    workers = Workers(count: threads)
    (self.report, self.isCancelled, self.allowed) = (report, isCancelled, allowed)
    self.patience = patience
    (ownRewards, ownObjective, ownAdvantage) = (rewards, objective, advantage)
    let template = try PromptTemplate(path: recipe.prompt)
    func read(_ path: String, answerUser: String?, isTest: Bool = false) throws -> QuestionSet {
      var columns = QuestionSet.Columns(
        question: recipe.data.question, answer: recipe.data.answer, answerUser: answerUser)
      if isTest {
        columns.questionSetting? += ", if data.train has it too"
        columns.answerSetting? += ", if data.train has it too"
      }
      return try QuestionSet(path: path, columns: columns, template: template)
    }
    let answerUsers = recipe.answerUsers(rewards: rewards)
    questions = try read(recipe.data.train, answerUser: answerUsers.training)
    test = try recipe.data.test.map {
      try read($0, answerUser: answerUsers.evaluation, isTest: true)
    }
    // Plug-ins do not declare which columns they need.
    let functions = rewards?.map(\.function) ?? recipe.rewards.compactMap(\.builtIn)
    let judge = rewards == nil ? recipe.rewards.first?.builtIn : functions.first
    try questions.check(for: functions, answer: recipe.data.answer)
    try test?.check(for: judge.map { [$0] } ?? [], answer: recipe.data.answer)
  }

  /// Runs every stage that is not finished.
  ///
  /// - Throws: `TrainingError`; `FormatError` for a file; `RewardError` for a reward.
  public func runAll() async throws -> Summary {
    let timer = Stopwatch()
    return try await locked { lock in
      try await self.prepare(lock, trains: true)
      let start = try await self.warmStart()
      if self.recipe.train != nil { try await self.trainPolicy(from: start, resume: true) }
      return try await self.summary(timer)
    }
  }

  /// The warm start alone; returns where it ended, nil for a recipe without one.
  @discardableResult public func runWarmStart() async throws -> WarmStartResult? {
    try await locked { lock in
      try await self.prepare(lock, trains: false)
      _ = try await self.warmStart()
      return self.warmStartResult
    }
  }

  /// Trains, from the recipe's model or an earlier warm start.
  ///
  /// - Parameter resume: Whether training that has begun is resumed; otherwise it is an error.
  /// - Throws: `TrainingError`; `FormatError` for a file; `RewardError` for a reward.
  public func runTraining(resume: Bool) async throws -> Summary {
    let timer = Stopwatch()
    return try await locked { lock in
      if !resume, try !self.run.checkpoints.steps().isEmpty || Files.exists(self.run.metrics) {
        throw TrainingError.holdsRun(path: self.run.path)
      }
      try await self.prepare(lock, trains: true)
      if self.recipe.warmStart != nil, !self.warmStartIsDone {
        throw TrainingError.missingStart(path: self.run.warmStartModel)
      }
      try await self.trainPolicy(from: try await self.warmStart(), resume: resume)
      return try await self.summary(timer)
    }
  }

  func locked<Result>(_ body: (RunLock) async throws -> Result) async throws -> Result {
    try checkMemory(for: nil)
    try run.create()
    let lock = try run.lock()
    run.owner = lock
    defer {
      lock.release()
      run.owner = nil
    }
    return try await body(lock)
  }

  func warn(_ text: String) { report(.warning(text)) }

  // MARK: Stages

  func rewardSet() throws -> RewardSet {
    let entries = try ownRewards ?? recipe.rewardSet(threads: workers.count).entries
    return try RewardSet(entries.map { $0.waited(with: patience) })
  }

  /// What a stage ends with; a reward that was not waited for ends it as any request to stop does.
  func ending(_ stage: TrainingEvent.Stage, with error: any Error) throws -> any Error {
    guard error is CancellationError else { return error }
    if stage == .train, let step = try run.checkpoints.steps().last {
      return TrainingError.stopped(step: step)
    }
    return TrainingError.stoppedEarly(stage: stage)
  }

  /// The names and weights of all rewards.
  var weighedRewards: [(name: String, weight: Double)] {
    (ownRewards?.map { ($0.function.name, $0.weight) }
      ?? recipe.rewards.map { ($0.label, $0.weight) })
      + (recipe.rewardModel.map { [($0.name, $0.weight)] } ?? [])
  }

  /// What would otherwise fail only after hours: a model that cannot be written as it is to be,
  /// prompts that are too long, rewards that do not start.
  func check(_ start: Start) async throws {
    try checkMemory(for: start.model.configuration)
    _ = try start.descriptions()
    let sampler = try sampler(start)
    _ = try sampler.encode(questions)
    if let test { _ = try sampler.encode(test) }
    guard recipe.train != nil else { return }
    let rewards = try rewardSet()
    do {
      try await rewards.whileStarted {}
    } catch {
      throw try ending(recipe.warmStart == nil ? .train : .warmStart, with: error)
    }
  }

  var isTrained: Bool { Files.exists(run.model + "/config.json") }

  var warmStartIsDone: Bool { Files.exists(run.warmStartModel + "/config.json") }

  /// Where the policy lies that training began with; nil where it was drawn at random.
  var startDirectory: String? {
    if recipe.warmStart != nil { return run.warmStartModel }
    if case .directory(let path) = recipe.model { return path }
    return nil
  }

  /// The policy that training starts from.
  typealias Start = Policy

  func sampler(_ start: Start) throws -> TextSampler {
    let (train, configuration) = (recipe.train, start.model.configuration)
    let eos = configuration.eosTokenIDs
    return TextSampler(
      start,
      engine: Engine(
        configuration, workers: workers,
        activationBytes: (train?.activationMemoryMegabytes ?? 1024) << 20),
      options: train?.samplingOptions(eosIDs: eos)
        ?? .init(maximumTokens: Self.answerTokens, eosIDs: eos), stop: train?.stop ?? [])
  }
}

extension Recipe.Train {
  package func samplingOptions(eosIDs: [Int]) -> SamplingOptions {
    SamplingOptions(
      temperature: temperature, topK: topK, topP: topP, minP: minP,
      maximumTokens: maxCompletionTokens, eosIDs: eosIDs)
  }
}

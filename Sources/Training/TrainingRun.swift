internal import Datasets
public import Evaluation
public import Formats
internal import Foundation
internal import Kernels
internal import LanguageModel
public import PolicyOptimization
public import Rewards
public import Runs
internal import Sampling
internal import Tokenization

/// A recipe's run: tokenizer, warm start, training, evaluation, each stage if it is missing.
public final class TrainingRun {
  /// What a finished run says of itself.
  public struct Summary: Sendable {
    public var run: RunDirectory
    /// Held-out results of the warm start, if there was one, and of the trained policy.
    public var before: EvaluationReport?
    public var after: EvaluationReport?
    public var gain: PairedComparison?
    /// The reward that judges in both: the first one.
    public var judge: String?
    /// Why results are missing, or rest on scores that failed; nil where they do not.
    public var failure: RewardError?
    /// What the run shows that its user should know.
    public var findings: [Finding] = []
    /// The lines of `metrics.jsonl`.
    public var metrics: [JSONObject]
    public var parameterCount: Int
    public var seconds: Double
  }

  /// Tokens of a completion where no recipe key says so: of a warm start alone.
  private static let answerTokens = 64

  public let recipe: Recipe
  public let run: RunDirectory
  private let workers: Workers
  let report: (TrainingEvent) -> Void
  private let isCancelled: () -> Bool
  let questions: QuestionSet
  let test: QuestionSet?
  /// Fields that may differ from what the run began with.
  let allowed: [String]
  private let ownRewards: [RewardSet.Entry]?
  private let ownObjective: (any Objective)?
  private let ownAdvantage: (any AdvantageEstimator)?
  /// What was answered in the last steps that this object made.
  private var lastAnswers: [ObservedSteps.Answer] = []

  /// Reads the questions and the prompt, before anything is written.
  ///
  /// - Parameters:
  ///   - threads: How many threads compute; results do not depend on it.
  ///   - rewards: Takes the place of the recipe's rewards, which need not be there then.
  ///   - objective: Takes the place of the objective that the recipe's keys describe.
  ///   - advantage: Takes the place of the recipe's advantage estimator.
  ///   - allowed: Keys of the recipe, or of files, that may differ from what the run in the
  ///     directory began with, and sections of them; the changes are recorded.
  ///   - isCancelled: Asked between steps; true saves and ends the run.
  public init(
    _ recipe: Recipe, threads: Int, rewards: [RewardSet.Entry]? = nil,
    objective: (any Objective)? = nil, advantage: (any AdvantageEstimator)? = nil,
    allowing allowed: [String] = [],
    report: @escaping (TrainingEvent) -> Void = { _ in },
    isCancelled: @escaping () -> Bool = { false }
  ) throws {
    if rewards == nil { try recipe.requireRewards() }
    self.recipe = recipe
    run = RunDirectory(recipe.output)
    workers = Workers(count: threads)
    (self.report, self.isCancelled, self.allowed) = (report, isCancelled, allowed)
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
    let functions = rewards.map { $0.map(\.function) } ?? recipe.builtInRewards
    let judge = rewards == nil ? recipe.rewards.first?.builtIn : functions.first
    try questions.check(for: functions, answer: recipe.data.answer)
    try test?.check(for: judge.map { [$0] } ?? [], answer: recipe.data.answer)
  }

  /// Every stage that is missing.
  public func runAll() async throws -> Summary {
    let timer = Stopwatch()
    return try await locked { lock in
      try await self.prepare(lock, trains: true)
      let start = try await self.warmStart()
      if self.recipe.train != nil { try await self.train(from: start, resume: true) }
      return try await self.summary(timer)
    }
  }

  /// The warm start alone.
  public func runWarmStart() async throws {
    try await locked { lock in
      try await self.prepare(lock, trains: false)
      _ = try await self.warmStart()
    }
  }

  /// Training alone, from the recipe's model or an earlier warm start.
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
      try await self.train(from: try await self.warmStart(), resume: resume)
      return try await self.summary(timer)
    }
  }

  private func locked<Result>(_ body: (RunLock) async throws -> Result) async throws -> Result {
    try run.create()
    let lock = try run.lock()
    defer { lock.release() }
    return try await body(lock)
  }

  // MARK: Stages

  func rewardSet() throws -> RewardSet {
    if let ownRewards { return try RewardSet(ownRewards) }
    return try recipe.rewardSet(threads: workers.count)
  }

  /// What would otherwise fail only after hours: a model that cannot be written as it is to be,
  /// prompts that are too long, rewards that do not start.
  private func check(_ start: Start) async throws {
    try MemoryNeed(recipe, start.model.configuration).check()
    _ = try start.descriptions()
    let sampler = try sampler(start)
    _ = try sampler.encode(questions)
    if let test { _ = try sampler.encode(test) }
    if recipe.train != nil {
      let rewards = try rewardSet()
      try await rewards.start()
      await rewards.stop()
    }
  }

  var isTrained: Bool { Files.exists(run.model + "/config.json") }

  var warmStartIsDone: Bool { Files.exists(run.warmStartModel + "/config.json") }

  /// Where the policy lies that training began with; nil where it was drawn at random.
  private var startDirectory: String? {
    if recipe.warmStart != nil { return run.warmStartModel }
    if case .directory(let path) = recipe.model { return path }
    return nil
  }

  /// The policy that training starts from.
  typealias Start = TextModel

  private func engine(_ configuration: ModelConfiguration) -> Engine {
    let megabytes = recipe.train?.activationMemoryMegabytes ?? 1024
    return Engine(configuration, workers: workers, activationBytes: megabytes << 20)
  }

  func sampler(
    _ start: Start, maximumTokens: Int = TrainingRun.answerTokens
  ) throws -> TextSampler {
    let eos = start.model.configuration.eosTokenIDs
    return try TextSampler(
      engine: engine(start.model.configuration), tokenizer: start.tokenizer,
      options: recipe.train?.samplingOptions(eosIDs: eos)
        ?? .init(maximumTokens: maximumTokens, eosIDs: eos),
      stop: recipe.train?.stop ?? [])
  }

  private func tokenizer(writes: Bool) throws -> SentencePieceTokenizer {
    switch recipe.tokenizer {
    case .file(let path): return try SentencePieceTokenizer(path: path)
    case .trained(let size):
      let path = run.tokenizer
      if Files.exists(path) {
        report(.found(.tokenizer, detail: path))
      } else {
        report(.began(.tokenizer, detail: "at most \(size) pieces from \(questions.file)"))
        let answer = try recipe.warmStart.map {
          try PromptTemplate($0.answer, file: "warm_start.answer")
        }
        let sentences = try questions.questions.map { question in
          let learned = try answer.map { try question.filling($0, file: questions.file) }
          return question.prompt + (learned ?? question.answer ?? "")
        }
        let bytes = try SentencePieceTokenizer.train(
          sentences: sentences, options: .init(vocabularySize: size))
        if !writes { return try SentencePieceTokenizer(bytes: bytes, name: path) }
        try Files.writeAtomically(bytes, to: path)
        try record([("tokenizer.model", bytes)], in: run.path)
      }
      return try SentencePieceTokenizer(path: path)
    }
  }

  private func warmStarted() throws -> Start {
    try Start(directory: run.warmStartModel)
  }

  /// The policy that training starts from, which must be there already; nothing is written.
  func existingStart() throws -> Start {
    if recipe.warmStart == nil { return try initialPolicy(writes: false) }
    guard warmStartIsDone else { throw TrainingError.missingStart(path: run.warmStartModel) }
    return try warmStarted()
  }

  /// The policy that training starts from: warm-started if the recipe says so.
  private func warmStart() async throws -> Start {
    if warmStartIsDone {
      report(.found(.warmStart, detail: run.warmStartModel))
      return try warmStarted()
    }
    let start = try initialPolicy()
    try await check(start)
    guard let warmStart = recipe.warmStart else { return start }
    report(
      .began(
        .warmStart,
        detail: "\(start.model.parameterCount) parameters, \(warmStart.steps) steps of "
          + "\(warmStart.batchSize) examples"))
    try Files.createDirectory(run.warmStart)
    let log = try JSONLinesLog(path: run.warmStartMetrics)
    try log.truncate(toOffset: 0)
    let rewards = warmStart.untilAccuracy == nil ? nil : try rewardSet()
    try await rewards?.start()
    do {
      try await self.warmStart(warmStart, start, log, rewards)
    } catch {
      await rewards?.stop()
      throw error
    }
    await rewards?.stop()
    try log.synchronize()
    try record(try write(start, to: run.warmStartModel), in: run.warmStartModel)
    return start
  }

  private func warmStart(
    _ warmStart: Recipe.WarmStart, _ start: Start, _ log: JSONLinesLog, _ rewards: RewardSet?
  ) async throws {
    let sampler = try sampler(start)
    let evaluator = try rewards?.entries.first.map {
      try Evaluator(
        sampler: sampler, questions: questions, limit: WarmStart.probes, reward: $0.function)
    }
    try await WarmStart(
      recipe: warmStart, seed: UInt64(recipe.seed), questions: questions, sampler: sampler,
      evaluator: evaluator
    ).run(
      start.model.parameters,
      onStep: { step, metrics in
        try log.append(metrics)
        report(.warmStartStep(step: step, of: warmStart.steps, metrics: metrics))
      }, isCancelled: isCancelled)
  }

  private func initialPolicy(writes: Bool = true) throws -> Start {
    let tokenizer = try tokenizer(writes: writes)
    switch recipe.model {
    case .directory(let path):
      let start = try Start(ModelDirectory.load(path), tokenizer)
      for warning in start.model.configuration.warnings { report(.warning(warning)) }
      return start
    case .new(let architecture):
      let configuration = architecture.configuration(
        vocabularySize: tokenizer.vocabularySize, bos: tokenizer.bosID, eos: tokenizer.eosID)
      try MemoryNeed(recipe, configuration).check()
      return try Start(Model(configuration, seed: UInt64(recipe.seed)), tokenizer)
    }
  }

  private func train(from start: Start, resume: Bool) async throws {
    guard let train = recipe.train else { return }
    if isTrained {
      report(.found(.train, detail: run.model))
      return
    }
    let loop = try loop(train, from: start)
    let (rewards, rewardModel) = (loop.rewards, loop.rewardModel)
    for entry in rewards.entries {
      for text in entry.function.warnings {
        report(.warning("reward \(entry.function.name): \(text)"))
      }
    }
    for entry in rewards.entries where entry.onError == .zero {
      report(
        .warning(
          "reward \(entry.function.name): on_error zero takes failed scores for 0: wrong labels"))
    }
    try await rewards.start()
    do {
      try await rewardModel?.start()
      lastAnswers = try await loop.run(from: start.model.parameters, resuming: resume)
    } catch {
      await rewards.stop()
      await rewardModel?.stop()
      throw error
    }
    await rewards.stop()
    await rewardModel?.stop()
    var models = [(path: run.model, files: try start.files())]
    if let rewardModel {
      // A run that died between its two models has written this one already.
      if Files.exists(run.rewardModel) { try Files.remove(run.rewardModel) }
      models.insert((run.rewardModel, try await modelFiles(of: rewardModel, start)), at: 0)
    }
    for model in models { try Files.writeDirectory(model.files, to: model.path) }
  }

  /// The loop that `start` is trained in, with the program's own objective and advantage.
  private func loop(_ train: Recipe.Train, from start: Start) throws -> TrainingLoop {
    try MemoryNeed(recipe, start.model.configuration).check()
    let sampler = try sampler(start, maximumTokens: train.maxCompletionTokens)
    let rewardModel = try rewardModelCourse(start)
    let rewards = try rewardSet(with: rewardModel)
    var settings = train.settings(seed: recipe.seed)
    if let ownObjective {
      settings.objective = ownObjective
      settings.usesReference = true
    }
    if let ownAdvantage { settings.advantage = ownAdvantage }
    return TrainingLoop(
      recipe: recipe, train: train, settings: settings, run: run, questions: questions,
      prompts: try sampler.encode(questions), sampler: sampler, rewards: rewards,
      rewardModel: rewardModel,
      evaluator: recipe.evaluation?.every == nil ? nil : try evaluator(sampler, rewards),
      report: { [weak self] event in
        self?.report(event)
        if case .saved = event { try? self?.recordWritten() }
      }, isCancelled: isCancelled)
  }

  /// The directory of the reward model as training has left it.
  private func modelFiles(
    of rewardModel: TrainingLoop.RewardModelCourse, _ start: Start
  ) async throws -> [(name: String, bytes: [UInt8])] {
    let configuration = start.model.configuration
    return try await rewardModel.model.modelFiles(
      padding: start.tokenizer.padding(of: configuration))
      + start.tokenizer.huggingFaceFiles(for: configuration)
  }

  /// The recipe's rewards, and what the reward model says.
  func rewardSet(with rewardModel: TrainingLoop.RewardModelCourse?) throws -> RewardSet {
    let learned = rewardModel.map { RewardSet.Entry($0.model, weight: $0.recipe.weight) }
    return try RewardSet(try rewardSet().entries + (learned.map { [$0] } ?? []))
  }

  /// The reward model of the recipe, as training starts with it.
  func rewardModelCourse(_ start: Start) throws -> TrainingLoop.RewardModelCourse? {
    guard let section = recipe.rewardModel else { return nil }
    var model = RewardModel(from: start.model)
    if let path = section.path {
      model = try RewardModel(directory: path).ending(
        with: start.model.configuration.eosTokenIDs)
      let (found, need) = (
        model.configuration.vocabularySize, start.model.configuration.vocabularySize
      )
      guard found == need else {
        throw FormatError(
          file: path, field: "vocab_size", message: "got \(found); need \(need), the policy's")
      }
    }
    let source: TrainingLoop.RewardModelCourse.Source
    if let path = section.preferences {
      source = .preferences(
        try PreferencePair.read(
          DataFile.rows(path: path),
          SequenceEncoding(
            start.tokenizer, end: model.configuration.endID,
            longest: model.configuration.maximumPositions)))
    } else if let labeller = section.labeller {
      source = .labeller(try RewardSet([try labeller.entry(threads: workers.count)]))
    } else {
      preconditionFailure("the recipe was read with one of both")
    }
    return TrainingLoop.RewardModelCourse(
      model: ContinualReward(
        model, name: section.name, tokenizer: start.tokenizer,
        settings: section.settings(seed: recipe.seed), threads: workers.count),
      recipe: section, source: source)
  }

  private func evaluator(_ sampler: TextSampler, _ rewards: RewardSet) throws -> Evaluator? {
    guard let test, let first = rewards.entries.first else { return nil }
    return try Evaluator(
      sampler: sampler, questions: test, limit: recipe.evaluation?.questions,
      reward: first.function)
  }

  /// Evaluates warm start and result on the same questions with the same draws.
  private func summary(_ timer: Stopwatch) async throws -> Summary {
    var summary = Summary(
      run: run, metrics: recipe.train == nil ? [] : readMetrics(), parameterCount: 0, seconds: 0)
    let final = recipe.train == nil ? run.warmStartModel : run.model
    let start = try Start(directory: final)
    let model = start.model
    summary.parameterCount = model.parameterCount
    if let evaluation = recipe.evaluation, !recipe.rewards.isEmpty || ownRewards != nil {
      report(.began(.evaluate, detail: test?.file ?? ""))
      let rewards = try rewardSet()
      if let evaluator = try evaluator(sampler(start), rewards) {
        summary.judge = rewards.entries[0].function.name
        do {
          try await rewards.start()
          try await evaluate(&summary, evaluator, evaluation, model)
        } catch let error as RewardError {
          // What is trained is there, whatever the rewards do now.
          summary.failure = error
        } catch {
          await rewards.stop()
          throw error
        }
        await rewards.stop()
      }
    }
    try recordWritten()
    summary.findings = findings(summary)
    summary.seconds = timer.seconds
    return summary
  }

  private func evaluate(
    _ summary: inout Summary, _ evaluator: Evaluator, _ evaluation: Recipe.Evaluation,
    _ model: Model
  ) async throws {
    var options = Evaluator.Options(
      samples: evaluation.samples, k: evaluation.k, temperature: evaluation.temperature,
      seed: UInt64(recipe.seed))
    if let train = recipe.train {
      options.progress = recipe.progress(
        of: train, steps: train.totalSteps, rows: questions.questions.count,
        tokens: summary.metrics.last?["num_tokens"]?.int ?? 0)
    }
    let after = try await evaluator.report(
      on: model.parameters, options: options, isCancelled: isCancelled)
    summary.after = after
    summary.failure = after.failure(of: evaluator.judge)
    if recipe.train != nil, let first = startDirectory {
      let before = try await evaluator.report(
        on: try ModelDirectory.load(first).parameters, options: options,
        isCancelled: isCancelled)
      summary.before = before
      summary.failure = summary.failure ?? before.failure(of: evaluator.judge)
      summary.gain = try PairedComparison(
        candidate: after.greedyPerQuestion, baseline: before.greedyPerQuestion)
    }
  }

  /// What the whole run shows: of its rewards and updates all steps, of what the policy has become
  /// the last ones.
  private func findings(_ summary: Summary) -> [Finding] {
    guard let train = recipe.train else { return [] }
    let answers = summary.after?.examples.enumerated().map { place, example in
      ObservedSteps.Answer(
        question: place, text: example.extracted ?? example.completion, expected: example.answer)
    }
    var observed = ObservedSteps(
      train.observation(of: questions), lines: summary.metrics, first: summary.metrics.first,
      answers: answers ?? lastAnswers)
    if answers != nil { observed.placeOfAnswers = "evaluation" }
    let ofRun = Finding.ofRun(observed)
    let reports = [summary.before, summary.after].compactMap(\.self)
    guard let judge = summary.judge else { return ofRun }
    return ofRun + [Finding.neverRight(in: reports, judge: judge)].compactMap(\.self)
  }

  private func readMetrics() -> [JSONObject] {
    let reading = LogReading(path: run.metrics)
    if let problem = reading.problem {
      report(.warning("\(problem); the summary goes without it"))
    }
    return reading.lines
  }

  /// Writes a model directory whole, or not at all, and returns its files.
  private func write(
    _ start: Start, to path: String
  ) throws -> [(name: String, bytes: [UInt8])] {
    let files = try start.files()
    try Files.writeDirectory(files, to: path)
    return files
  }
}

internal import Datasets
internal import Evaluation
internal import Formats
internal import LanguageModel
internal import Recipes
internal import Rewards
internal import Runs
internal import Sampling

// The last stage: evaluates a finished run and writes its summary.
extension TrainingRun {
  func evaluator(_ sampler: TextSampler, _ rewards: RewardSet) throws -> Evaluator? {
    guard let test, let first = rewards.entries.first else { return nil }
    return try Evaluator(
      sampler: sampler, questions: test, limit: recipe.evaluation?.questions,
      reward: first.function)
  }

  /// Evaluates warm start and result on the same questions with the same draws.
  func summary(_ timer: Stopwatch) async throws -> Summary {
    var summary = Summary(
      run: run, metrics: recipe.train == nil ? [] : readMetrics(), parameterCount: 0, seconds: 0)
    let final = recipe.train == nil ? run.warmStartModel : run.model
    let start = try madePolicy(in: final)
    let model = start.model
    summary.parameterCount = model.parameterCount
    if let evaluation = recipe.evaluation, !recipe.rewards.isEmpty || ownRewards != nil {
      report(.began(.evaluate, detail: test?.file ?? ""))
      let rewards = try rewardSet()
      if let evaluator = try evaluator(sampler(start), rewards) {
        summary.judge = rewards.entries[0].function.name
        do {
          try await rewards.whileStarted {
            try await evaluate(&summary, evaluator, evaluation, model)
          }
        } catch let error as RewardError {
          // The trained model is saved, even if the rewards fail now.
          summary.failure = error
        } catch is CancellationError {
          throw TrainingError.stoppedEarly(stage: .evaluate)
        }
      }
    }
    try recordWritten()
    summary.warmStart = warmStartResult
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
        tokens: summary.metrics.last?[.tokens]?.int ?? 0)
    }
    let after = try await evaluator.report(
      on: model.parameters, options: options, isCancelled: isCancelled)
    summary.after = after
    summary.failure = after.failure(of: evaluator.judge)
    if recipe.train != nil, warmStartProblem == nil, let first = startDirectory {
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
    guard let train = recipe.train else { return summary.warmStart?.findings ?? [] }
    let answers = summary.after.map(Self.answers)
    var observed = ObservedSteps(
      train.observation(
        of: questions, rewards: weighedRewards,
        under: ownAdvantage ?? train.axes.advantage.estimator), lines: summary.metrics,
      first: summary.metrics.first,
      answers: answers ?? lastAnswers)
    if answers != nil { observed.placeOfAnswers = "evaluation" }
    observed.answersBefore = summary.before.map(Self.answers) ?? []
    let ofRun = (summary.warmStart?.findings ?? []) + Finding.ofRun(observed)
    let reports = [summary.before, summary.after].compactMap(\.self)
    guard let judge = summary.judge else { return ofRun }
    return ofRun + [Finding.neverRight(in: reports, judge: judge)].compactMap(\.self)
  }

  private static func answers(_ report: EvaluationReport) -> [ObservedSteps.Answer] {
    report.examples.enumerated().map { index, example in
      ObservedSteps.Answer(
        question: index, text: example.extracted ?? example.completion, expected: example.answer)
    }
  }

  private func readMetrics() -> [JSONObject] {
    let reading = LogReading(path: run.metrics)
    if let problem = reading.problem {
      warn("\(problem); the summary is made without it")
    }
    return reading.lines
  }
}

internal import Datasets
internal import Evaluation
internal import Formats
internal import Kernels
internal import LanguageModel
internal import PolicyOptimization
internal import Recipes
internal import Runs
internal import Sampling
internal import Tokenization

/// Next-token training on question and answer: the policy learns the form of the task.
///
///     L(θ) = −mean log π_θ(answer token | prompt, answer so far)
///
/// over the answers' tokens, end-of-sequence included, of a batch of rows. Prompt and answer are
/// encoded separately and joined as ids, as in sampling.
struct WarmStart {
  let recipe: Recipe.WarmStart
  let seed: UInt64
  let questions: QuestionSet
  let sampler: TextSampler
  /// What `until_accuracy` goes by.
  let evaluator: Evaluator?

  /// Questions that `until_accuracy` asks, and steps between.
  static let (probes, probeSteps) = (256, 20)

  /// Trains the parameters in place and reports every step's metrics.
  func run(
    _ policy: Parameters, onStep: (Int, JSONObject) throws -> Void, isCancelled: () -> Bool
  ) async throws {
    let engine = sampler.engine
    let optimizer = AdamOptimizer(recipe.optimizer, updates: recipe.steps, layout: policy.layout)
    let gradient = Parameters(policy.configuration)
    let rows = Array(questions.questions.prefix(recipe.examples ?? questions.questions.count))
    let prompts = try sampler.encode(questions)
    let answers = try answers(to: rows, after: prompts)
    let order = DataOrder(count: rows.count, seed: seed, stream: .warmStart)
    var tokens = 0
    for step in 0..<recipe.steps {
      if isCancelled() { throw TrainingError.stoppedEarly(stage: .warmStart) }
      let timer = Stopwatch()
      let drawn = order.rows(step: step, count: recipe.batchSize)
      let batch = TokenBatch(
        drawn.map { .init(prompt: prompts[$0], completions: [.init(tokens: answers[$0])]) })
      let forward = engine.forward(policy, batch, temperature: 1, keep: true)
      let inputs = ObjectiveBatch(likelihood: forward, batch)
      var problem = UpdateProblem(
        engine: engine, policy: policy, objective: Likelihood(), batch: batch,
        completions: Array(drawn.indices), temperature: 1, inputs: inputs, kept: forward.kept)
      let before = problem.evaluate(into: gradient)
      let update = try await optimizer.update(&problem, from: before, along: gradient)
      if update.refusal == .overflow {
        throw TrainingError.notFinite(
          step: step + 1, what: "the warm start's loss or its gradient",
          cause: .weights(stepKey: "warm_start.learning_rate"))
      }
      tokens += drawn.reduce(0) { $0 + prompts[$1].count + answers[$1].count }
      var line = MetricsLine(step: step + 1)
      line.add([update])
      line.set(.tokens, count: tokens)
      var isDone = false
      if let goal = recipe.untilAccuracy, let evaluator, (step + 1) % WarmStart.probeSteps == 0 {
        let report = try await evaluator.report(on: policy, options: .init())
        if let failure = report.failure(of: evaluator.judge) { throw failure }
        let accuracy = report.greedy?.mean ?? 0
        line[.probedAccuracy] = accuracy
        if report.unscored == report.count { line.set(.probesUnscored, count: report.unscored) }
        isDone = accuracy >= goal
      }
      line[.stepSeconds] = timer.seconds
      try onStep(step + 1, line.object)
      if isDone { break }
    }
  }

  /// The ids of what is learned as each row's answer.
  private func answers(to rows: [Question], after prompts: [[Int]]) throws -> [[Int]] {
    let template = try PromptTemplate(recipe.answer, file: "warm_start.answer")
    let configuration = sampler.engine.configuration
    let (context, end) = (configuration.maximumPositions, configuration.endID.map { [$0] } ?? [])
    return try rows.map { question in
      let text = try question.filling(template, file: questions.file)
      let answer = sampler.tokenizer.encode(text) + end
      let room = context - prompts[question.index].count
      guard answer.count <= room else {
        throw FormatError(
          "is too long (got \(answer.count) tokens; need at most \(room), with a context of "
            + "\(context))", file: questions.file, line: question.line, field: "answer")
      }
      return answer
    }
  }
}

extension Question {
  /// The template with this row's columns; `{answer}` is its answer.
  ///
  /// What is learned must not be empty: that would be to say nothing.
  func filling(_ template: PromptTemplate, file: String) throws(FormatError) -> String {
    let row = Row(file: file, line: line, object: columns)
    let text = try template.filled { name throws(FormatError) -> String in
      if name == "answer", let answer { return answer }
      return try row.text(name, for: template.file)
    }
    guard !text.isBlank else {
      throw row.error("the text that \(template.file) makes of this row is empty")
    }
    return text
  }
}

extension ObjectiveBatch {
  /// What the likelihood objective reads: log-probs of one completion a question.
  fileprivate init(likelihood forward: Engine.Forward, _ batch: TokenBatch) {
    let logProbs = forward.logProbs.map(Double.init)
    self.init(
      completions: batch.completionRanges, logProb: logProbs, oldLogProb: logProbs,
      entropy: forward.entropies.map(Double.init),
      advantage: Array(repeating: 0, count: logProbs.count),
      mask: Array(repeating: true, count: logProbs.count))
  }
}

extension Metric.Name {
  /// The accuracy on training questions by which a warm start ends.
  static let probedAccuracy = Metric.Name("accuracy")
  /// Those questions, where none of them was scored.
  static let probesUnscored = Metric.Name("unscored")
}

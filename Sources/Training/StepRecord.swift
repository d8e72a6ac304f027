internal import Formats
internal import LanguageModel
internal import PolicyOptimization
internal import Rewards
internal import Sampling

/// What a step was made of and what it did: all that its logs and people are told of it.
struct StepRecord {
  /// The step's number, from 1.
  let step: Int
  let rollout: Rollout
  let sampling: DynamicSampling
  let check: SamplerCheck
  let update: PolicyTrainer.StepReport
  /// Times that the reference was moved up to here; nil where there is none.
  let referenceMoves: Int?
  /// What the reward model's last update showed.
  let rewardModel: [Metric]
  /// Since the step began.
  let clock: Stopwatch
  let seconds: (sampling: Double, update: Double)

  /// Tokens that were drawn.
  private var drawnTokens: Int { rollout.samples.reduce(0) { $0 + $1.tokens.count } }

  /// Tokens that were trained on: those drawn, and their prompts.
  var tokenCount: Int { drawnTokens + rollout.requests.reduce(0) { $0 + $1.prompt.count } }

  /// Its line of `metrics.jsonl`, but for what is counted or measured over the run.
  var metrics: MetricsLine {
    var line = MetricsLine(step: step)
    line.add(update.updates)
    line.add(update.advantages.metrics + sampling.metrics + update.metrics)
    line.add(rollout.report)
    line.add(rollout.samples)
    line[.largestLogProbDifference] = Double(check.maximum)
    line[.meanLogProbDifference] = check.mean
    line.set(.comparedTokens, count: check.tokenCount)
    if let referenceMoves { line.set(.referenceResets, count: referenceMoves) }
    line.add(rewardModel)
    return line
  }

  /// Adds how long it took.
  func addTimes(to line: inout MetricsLine) {
    let whole = clock.seconds
    line[.stepSeconds] = whole
    line[.samplingSeconds] = seconds.sampling
    line[.updateSeconds] = seconds.update
    line[.tokensPerSecond] = Double(drawnTokens) / whole
  }

  /// Its lines of `completions.jsonl`, one a completion: step, prompt, completion, answer, every
  /// function's score, their weighted sum, the advantage, and ids on demand.
  func completionLines(withIDs: Bool) -> [JSONObject] {
    let report = rollout.report
    let keys = LogKeys(rewards: report.functions.map(\.name))
    return rollout.completions.enumerated().map { i, completion in
      var line: JSONObject = [
        "step": .integer(step), "prompt": .string(completion.prompt),
        "completion": .string(completion.text),
        "answer": completion.label,
      ]
      for (key, function) in zip(keys.scores, report.functions) {
        line[key] = function.values[i].map { .number($0) } ?? .null
        for column in function.response.columns {
          line[LogKeys.column(column.name, of: function.name)] = column.values[i]
        }
      }
      line["reward"] = report.outcomes[i].total.map { .number($0) } ?? .null
      line["advantage"] = .number(advantage(of: i))
      if withIDs { line["token_ids"] = .array(completion.tokenIDs.map { .integer($0) }) }
      return line
    }
  }

  /// Up to `count` completions of the first question, no text twice.
  ///
  /// The best and the worst come first, then the next from both ends, and last those without a reward.
  func shown(_ count: Int) -> [SampleShown] {
    guard !rollout.questions.isEmpty else { return [] }
    var texts: Set<ByteKey> = []
    let distinct = rollout.completionRange(of: 0).filter {
      texts.insert(ByteKey(rollout.completions[$0].text)).inserted
    }
    let scored = distinct.compactMap { i in
      rollout.report.outcomes[i].total.map { (number: i, reward: $0) }
    }
    var rest = scored.sorted { $0.reward > $1.reward }.map(\.number)[...]
    var chosen: [Int] = []
    while !rest.isEmpty {
      chosen.append(chosen.count.isMultiple(of: 2) ? rest.removeFirst() : rest.removeLast())
    }
    chosen += distinct.filter { rollout.report.outcomes[$0].total == nil }
    return chosen.prefix(count).map { i in
      SampleShown(
        prompt: rollout.completions[i].prompt, completion: rollout.completions[i].text,
        reward: rollout.report.outcomes[i].total, advantage: advantage(of: i))
    }
  }

  /// The mean over the completion's tokens.
  private func advantage(of completion: Int) -> Double {
    let tokens = rollout.completions[completion].tokenIDs.count
    return update.advantages.completions[completion].values(tokenCount: tokens).mean ?? 0
  }
}

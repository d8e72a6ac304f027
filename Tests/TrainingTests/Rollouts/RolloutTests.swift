import Formats
import Foundation
import Recipes
import Rewards
import Synchronization
import Testing
import Training

/// What becomes of masked, truncated and repeated completions in a step.
@Suite struct RolloutTests {
  private func metrics(
    _ small: SmallRecipe, _ output: String, _ settings: String..., rewards: [RewardSet.Entry]? = nil
  ) async throws -> [JSONObject] {
    let recipe = try Recipe(
      contentsOf: small.directory + "/recipe.yaml",
      overrides: [.output(small.directory + "/" + output)]
        + settings.compactMap { RecipeOverride(assignment: $0) })
    _ = try await TrainingRun(recipe, threads: 2, rewards: rewards).runAll()
    let path = recipe.output + "/metrics.jsonl"
    return try JSONLines.lines(Files.read(path, maximumBytes: 1 << 24), file: path).map(\.object)
  }

  @Test func truncatedCompletionsCarryNoGradientOnRequest() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    // One token is never enough for an answer and its end: everything is cut off.
    let cut = "train.max_completion_length=1"
    let masked = try await metrics(
      small, "masked", cut, "train.mask_truncated_completions=true", "train.beta=0")
    for line in masked where line["completions/clipped_ratio"]?.double == 1 {
      #expect(line["grad_norm"]?.double == 0)
      #expect(line["skipped_updates"]?.int == 2)
    }
    #expect(masked.contains { $0["completions/clipped_ratio"]?.double == 1 })
  }

  @Test func aFewFailedScoresAreMaskedAndCounted() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let flaky = ClosureReward("flaky") { completion in
      // One prompt of a hundred cannot be scored.
      if completion.prompt == "3+4=" { throw ScoreFailure("no idea") }
      return completion.text.contains("1") ? 1 : 0
    }
    let lines = try await metrics(
      small, "run", "train.questions_per_step=40", "evaluation=null", "data.test=null",
      rewards: [.init(flaky)])
    let failed = lines.map { $0["rewards/masked"]?.int ?? 0 }
    // 9 steps of 40 of the 100 questions: the one comes up, and all four completions fail.
    #expect(failed.contains(4) && failed.allSatisfy { $0 % 4 == 0 })
    for (line, count) in zip(lines, failed) where count > 0 {
      #expect(line["rewards/flaky/failed"]?.int == count)
    }
  }

  @Test func aStepMayAskAQuestionTwice() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    // Three questions, seven a step.
    try small.write(
      "data.jsonl",
      (1...3).map { "{\"question\": \"\($0)+1\", \"answer\": \"\($0 + 1)\"}\n" }.joined())
    let lines = try await metrics(small, "run", "train.questions_per_step=7", "train.temperature=4")
    #expect(lines.count == 9)
    let path = small.directory + "/run/completions.jsonl"
    let log = try JSONLines.lines(Files.read(path, maximumBytes: 1 << 24), file: path)
    #expect(log.count == 9 * 7 * 4)
    // Samples of one question go on counting, so its groups are not copies of each other.
    let first = log.filter { $0.object["step"]?.int == 1 }.map(\.object)
    let byPrompt = Dictionary(grouping: first) { $0["prompt"]?.string ?? "" }
    let groups = byPrompt.values.max { $0.count < $1.count } ?? []
    #expect(groups.count >= 12)
    let texts = groups.map { $0["completion"]?.string ?? "" }
    #expect(
      Array(texts[0..<4]) != Array(texts[4..<8]) || Array(texts[0..<4]) != Array(texts[8..<12]))
  }

  @Test func stopStringsEndACompletionAndLeaveItsText() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    _ = try await metrics(small, "run", "train.stop=['1']")
    let path = small.directory + "/run/completions.jsonl"
    let log = try JSONLines.lines(Files.read(path, maximumBytes: 1 << 24), file: path)
    #expect(log.allSatisfy { $0.object["completion"]?.string?.contains("1") == false })
    // The ids are what was drawn, the stop string's included.
    let lengths = log.compactMap { line in
      line.object["completion"]?.string?.isEmpty == true
        ? line.object["token_ids"]?.array?.count : nil
    }
    #expect(lengths.contains(1))
  }

  @Test func aLineOfTheLogHasTheAnswerEveryScoreAndTheirSum() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    // Functions with the names of other columns, one of them failing now and then.
    let rewards: [RewardSet.Entry] = [
      .init(
        ClosureReward("reward") {
          if $0.text.contains("1") { throw ScoreFailure("a one") }
          return Double($0.text.utf8.count)
        }, weight: 2, onError: .zero),
      .init(ClosureReward("answer") { _ in 0.5 }), .init(ClosureReward("even") { _ in nil }),
    ]
    _ = try await metrics(
      small, "run", "evaluation=null", "data.test=null", rewards: rewards)
    let path = small.directory + "/run/completions.jsonl"
    let log = try JSONLines.lines(Files.read(path, maximumBytes: 1 << 24), file: path)
    for line in log.map(\.object) {
      #expect(
        line.keys.prefix(8) == [
          "step", "prompt", "completion", "answer", "rewards/reward", "rewards/answer", "even",
          "reward",
        ])
      let text = try #require(line["completion"]?.string)
      let sum = try #require(line["prompt"]?.string).dropLast().split(separator: "+")
        .compactMap { Int($0) }.reduce(0, +)
      #expect(line["answer"]?.string == String(sum))
      let length: Double? = text.contains("1") ? nil : Double(text.utf8.count)
      #expect(line["rewards/reward"]?.double == length)
      #expect(line["rewards/answer"]?.double == 0.5 && line["even"] == .null)
      #expect(line["reward"]?.double == 2 * (length ?? 0) + 0.5)
    }
    #expect(log.contains { $0.object["rewards/reward"] == .null })
  }

  /// The texts differ, and what the reward reads of them is always 7.
  @Test func findingsLookAtTheAnswersThatTheRewardCompares() async throws {
    struct Sevens: PerCompletionReward, AnswerComparing {
      let name = "sevens"
      func score(_ completion: Completion) -> Double? { Double(completion.text.utf8.count % 2) }
      func answer(of completion: Completion) -> ComparedAnswer? {
        ComparedAnswer("7", canonical: "7")
      }
    }
    let small = try SmallRecipe()
    defer { small.remove() }
    var found: [String] = []
    let summary = try await TrainingRun(
      small.recipe("run"), threads: 2, rewards: [.init(Sevens())],
      report: { if case .finding(let finding) = $0 { found.append(finding.evidence) } }
    ).runAll()
    let evidence = "100 % of completions answer \"7\", whatever the question"
    #expect(found.contains("step 1: " + evidence))
    #expect(summary.findings.contains { $0.evidence.hasSuffix(evidence) })
  }

  @Test func aMaskedCompletionHasNoSum() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let flaky = ClosureReward("flaky") { completion in
      if completion.prompt == "3+4=" { throw ScoreFailure("no idea") }
      return 1
    }
    _ = try await metrics(
      small, "run", "train.questions_per_step=40", "evaluation=null", "data.test=null",
      rewards: [.init(flaky)])
    let path = small.directory + "/run/completions.jsonl"
    let log = try JSONLines.lines(Files.read(path, maximumBytes: 1 << 24), file: path).map(\.object)
    #expect(log.contains { $0["prompt"]?.string == "3+4=" })
    for line in log {
      #expect(line["reward"]?.double == (line["prompt"]?.string == "3+4=" ? nil : 1))
    }
  }

  @Test func aFailedEvaluationIsAnErrorAndNoZero() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let broken = ClosureReward("broken") { _ in throw ScoreFailure("out of order") }
    let summary = try await TrainingRun(
      small.recipe("run", "train=null"), threads: 2, rewards: [.init(broken)]
    ).runAll()
    let text = "\(try #require(summary.failure))"
    #expect(text.contains("broken") && text.contains("out of order"), "\(text)")
  }

  /// The task ends while a part is scored and the next one drawn: nothing goes on with half a step.
  @Test func aTaskThatIsCancelledBetweenTwoPartsEndsTheRun() async throws {
    let small = try SmallRecipe()
    defer { small.remove() }
    let recipe = try small.recipe(
      "run", "warm_start.steps=1", "evaluation=null", "train.scoring_parts=2")
    let task = Mutex<Task<Void, any Error>?>(nil)
    let cancelling = ClosureReward("cancelling") { _ in
      task.withLock { $0?.cancel() }
      return 1
    }
    let run = Task {
      _ = try await TrainingRun(recipe, threads: 1, rewards: [.init(cancelling)]).runAll()
    }
    task.withLock { $0 = run }
    let error = await #expect(throws: TrainingError.self) { try await run.value }
    #expect(error?.description == "stopped before the first step")
  }
}

import Formats
import RewardPlugins
import Rewards
import Testing

@Suite struct PythonRewardTests {
  private func reward(
    _ source: String, function: String = "f", style: PythonReward.Style = .trl,
    conversational: Bool = false, arguments: JSONObject? = nil
  ) throws -> (ScriptFolder, CommandReward) {
    let folder = try ScriptFolder()
    try folder.write("rewards.py", source)
    return (
      folder,
      try PythonReward.reward(
        "rewards.py:\(function)", style: style, conversational: conversational,
        arguments: arguments, options: folder.options())
    )
  }

  @Test func aFunctionOfTRLGetsAllByKeyword() async throws {
    let (folder, reward) = try reward(
      """
      print("printed on import")
      def f(prompts, completions, completion_ids, question, trainer_state, log_metric, log_extra,
            **kwargs):
          print("printed in a call")
          assert question == ["2+2", "2+2"] and kwargs["level"] == [1, 1], kwargs
          assert completion_ids == [[7, 8], [7, 8]]
          log_metric("step", trainer_state.global_step)
          log_extra("prompt", prompts)
          return [len(completions[0]), None]
      """)
    try await reward.start()
    let response = try await reward.score(.of("four", "5", step: 3))
    #expect(response.scores == [.value(4), .notApplicable])
    #expect(response.metrics.map(\.name) == ["step"] && response.metrics[0].value == 3)
    #expect(response.columns.map(\.name) == ["prompt"])
    #expect(response.columns[0].values == ["2+2=", "2+2="])
    #expect(reward.name == "f")
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  @Test func aWholeNumberBeyondInt64ArrivesAsAnInt() async throws {
    let (folder, reward) = try reward(
      """
      def f(completions, product, **kwargs):
          assert product == [123456789012345 * 98765432109], product
          return [1.0]
      """)
    var request = RewardRequest.of("a")
    request.completions[0].columns = [
      "product": try JSON(parsing: Array("12193263113593897260385605".utf8), file: "row")
    ]
    #expect(try await reward.score(request).scores == [.value(1)])
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  @Test func aFunctionGetsOnlyWhatItTakes() async throws {
    let (folder, reward) = try reward("def f(completions): return [1.5 for c in completions]")
    #expect(try await reward.scorePair() == [.value(1.5), .value(1.5)])
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  @Test func coroutinesAreAwaited() async throws {
    let (folder, reward) = try reward(
      """
      import asyncio
      async def f(completions, **kwargs):
          await asyncio.sleep(0.01)
          return [True, 2]
      """)
    #expect(try await reward.scorePair() == [.value(1), .value(2)])
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  @Test func messagesAndFactoriesAreThoseOfTRL() async throws {
    let (folder, reward) = try reward(
      """
      def make(factor):
          def scores(completions, prompts, **kwargs):
              assert prompts[0] == [{"role": "user", "content": "2+2="}]
              return [factor * float(c[0]["content"]) for c in completions]
          return scores
      """, function: "make", conversational: true, arguments: ["factor": 3])
    #expect(try await reward.scorePair() == [.value(12), .value(15)])
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  @Test func anExceptionFailsItsBatchAndTheProcessLives() async throws {
    let (folder, reward) = try reward(
      """
      lives = 0
      def f(completions, **kwargs):
          global lives
          lives += 1
          if "bad" in completions: raise ValueError("no such thing")
          return [lives] * len(completions)
      """)
    #expect(failure(try await reward.score(.of("bad", "5")).scores) == "ValueError: no such thing")
    #expect(try await reward.scorePair() == [.value(2), .value(2)])
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  @Test(arguments: [
    ("[float('nan'), 1]", "got nan; need a finite number"),
    ("[float('inf'), 1]", "got inf; need a finite number"),
    ("['x', 1]", "got 'x'; need a number or None"),
  ])
  func aValueThatIsNoRewardFailsAlone(values: String, reason: String) async throws {
    let (folder, reward) = try reward("def f(**kwargs): return \(values)")
    #expect(try await reward.scorePair() == [.failed(reason), .value(1)])
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  @Test func tooFewRewardsAreAnError() async throws {
    let (folder, reward) = try reward("def f(**kwargs): return [1]")
    #expect(
      failure(try await reward.scorePair())
        == "reply: rewards: got 1 values; sent 2 completions")
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  @Test(arguments: [
    ("def g(): pass", "AttributeError: module 'rewards' has no attribute 'f'"),
    ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
    ("def f(:", "SyntaxError: invalid syntax"),
  ])
  func aFunctionThatCannotBeLoadedDoesNotStart(source: String, reason: String) async throws {
    let (folder, reward) = try reward(source)
    await #expect {
      try await reward.start()
    } throws: {
      String(describing: $0)
        == "reward 'f': cannot start: python3: it ended (exit status 1); its last error line: \(reason)"
    }
    withExtendedLifetime(folder) {}
  }

  @Test func verlsFunctionScoresOneAtATime() async throws {
    let (folder, reward) = try reward(
      """
      def f(data_source, solution_str, ground_truth, extra_info=None, bonus=0):
          if solution_str == "bad": raise KeyError("bad")
          right = solution_str == ground_truth
          return {"score": right + bonus, "acc": right, "source": data_source}
      """, style: .verl, arguments: ["bonus": 0.5])
    var request = RewardRequest.of("4", "bad", "5")
    for place in request.completions.indices {
      request.completions[place].columns["data_source"] = "sums"
    }
    request.completions[2].columns["reward_model"] = ["ground_truth": "5"]
    let response = try await reward.score(request)
    #expect(response.scores == [.value(1.5), .failed("KeyError: 'bad'"), .value(1.5)])
    #expect(response.columns.map(\.name) == ["acc", "source"])
    #expect(response.columns[0].values == [true, nil, true])
    #expect(response.seconds?.count == 3)
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  @Test func anObjectWithScoreAnswerScoresLikeADatasetOfReasoningGym() async throws {
    let (folder, reward) = try reward(
      """
      class Sums:
          def score_answer(self, answer, entry):
              return 1.0 if answer == str(eval(entry["question"])) else 0.01
      f = Sums()
      """, style: .reasoningGym)
    #expect(try await reward.scorePair() == [.value(1), .value(0.01)])
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  @Test(arguments: ["rewards.py", ":f", "rewards.py:", ""])
  func aTargetNamesAFileAndAFunction(target: String) {
    #expect(PythonReward.name(of: target) == nil)
    #expect(throws: RewardError.self) { _ = try PythonReward.reward(target) }
  }
}

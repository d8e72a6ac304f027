import Formats
import RewardPlugins
import Rewards
import TestSupport
import Testing

/// Functions that are called as other programs than TRL call them.
@Suite(.inTurn) struct PythonStyleTests {
  @Test(arguments: [
    (
      PythonReward.Style.trl, "solution_str, ground_truth",
      "; it takes what verl gives (style: verl)"
    ),
    (.verl, "completions", "; it takes what TRL gives (style: trl)"),
  ])
  func aFunctionOfAnotherStyleIsToldSo(
    style: PythonReward.Style, parameters: String, hint: String
  ) async throws {
    let (folder, reward) = try ScriptFolder.reward("def f(\(parameters)): return 1", style: style)
    let reason = failure(try await reward.scorePair())
    #expect(reason?.hasSuffix(hint) == true, "\(reason ?? "")")
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  @Test func verlsFunctionScoresOneAtATime() async throws {
    let (folder, reward) = try ScriptFolder.reward(
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

  @Test func verlsGroundTruthMayBeAnyValue() async throws {
    let (folder, reward) = try ScriptFolder.reward(
      "def f(solution_str, ground_truth, **kwargs): return solution_str in ground_truth",
      style: .verl)
    var request = RewardRequest.of("4", "5", "four")
    for place in request.completions.indices {
      request.completions[place].label = ["4", "four"]
    }
    #expect(try await reward.score(request).scores == [.value(1), .value(0), .value(1)])
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  @Test func aDictionaryWithoutAScoreHasFailed() async throws {
    let (folder, reward) = try ScriptFolder.reward(
      """
      import types
      def f(solution_str, extra_info, **kwargs):
          assert extra_info.get("x") is None
          row = {"4": {"Score": 1, "acc": 0.5}, "5": {"score": "3"}, "6": {"score": None},
                 "7": {"score": True, "acc": float("nan"), 3: [1]}}[solution_str]
          return types.MappingProxyType(row)
      """, style: .verl)
    let response = try await reward.score(.of("4", "5", "6", "7"))
    #expect(
      response.scores == [
        .failed("KeyError: 'score'"), .failed("got '3'; need a number or None"), .notApplicable,
        .value(1),
      ])
    #expect(response.columns.map(\.name) == ["Score", "acc", "3"])
    #expect(response.columns[1].values == [0.5, nil, nil, "nan"])
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  @Test func anObjectWithScoreAnswerScoresLikeADatasetOfReasoningGym() async throws {
    let (folder, reward) = try ScriptFolder.reward(
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
}

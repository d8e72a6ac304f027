import Formats
import RewardPlugins
import Rewards
import TestSupport
import Testing

/// What a function in Python is given, and how it is loaded.
@Suite(.inTurn) struct PythonRewardTests {
  @Test func aFunctionOfTRLGetsAllByKeyword() async throws {
    let (folder, reward) = try ScriptFolder.reward(
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
    #expect(response.metrics.map(\.name.text) == ["step"] && response.metrics[0].value == 2)
    #expect(response.columns.map(\.name) == ["prompt"])
    #expect(response.columns[0].values == ["2+2=", "2+2="])
    #expect(reward.name == "f")
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  @Test func aWholeNumberBeyondInt64ArrivesAsAnInt() async throws {
    let (folder, reward) = try ScriptFolder.reward(
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
    let (folder, reward) = try ScriptFolder.reward(
      "def f(completions): return [1.5 for c in completions]")
    #expect(try await reward.scorePair() == [.value(1.5), .value(1.5)])
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  @Test func coroutinesAreAwaited() async throws {
    let (folder, reward) = try ScriptFolder.reward(
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
    let (folder, reward) = try ScriptFolder.reward(
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

  @Test func aFileMayHaveTheNameOfAModuleOfPythons() async throws {
    let folder = try ScriptFolder()
    try folder.write("other.py", "two = 2")
    try folder.write(
      "random.py",
      """
      import random
      from other import two
      def f(completions, **kwargs):
          import random
          return [random.randint(1, 1), two]
      """)
    let reward = try PythonReward.reward("random.py:f", options: folder.options())
    #expect(try await reward.scorePair() == [.value(1), .value(2)])
    await reward.stop()
  }

  @Test func theTrainersStateIsThatOfTransformers() async throws {
    let (folder, reward) = try ScriptFolder.reward(
      """
      def f(trainer_state, **kwargs):
          s = trainer_state
          assert s.log_history == [] and s.is_world_process_zero and s.best_metric is None
          return [s.global_step, s.max_steps, s.epoch, s.num_train_epochs, s.train_batch_size,
                  s.num_input_tokens_seen, s.save_steps, s.eval_steps, s.logging_steps]
      """)
    var request = RewardRequest.of("a", "b", "c", "d", "e", "f", "g", "h", "i", step: 4)
    // Outside of a run a division by the number of steps must not fail.
    #expect(
      try await reward.score(request).scores.map(\.total) == [3, 1, 0, 1, nil, 0, 500, 500, 1])
    request.progress = RunProgress(
      steps: 3, totalSteps: 10, questionsPerStep: 4, completionsPerQuestion: 2, rows: 16,
      tokens: 77, checkpointSteps: 5, evaluationSteps: 2)
    #expect(
      try await reward.score(request).scores.map(\.total) == [3, 10, 0.75, 3, 8, 77, 5, 2, 1])
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  @Test func everyPartOfABatchHasTheState() async throws {
    let (folder, _) = try ScriptFolder.reward(
      "def f(trainer_state, **k): return [trainer_state.max_steps]")
    let options = folder.options { $0.workers = 2 }
    let reward = try PythonReward.reward("rewards.py:f", options: options)
    var request = RewardRequest.of("a", "b")
    request.completions[1].prompt = "another"
    request.progress = RunProgress(
      steps: 3, totalSteps: 10, questionsPerStep: 2, completionsPerQuestion: 1, rows: 16, tokens: 0)
    #expect(try await reward.score(request).scores == [.value(10), .value(10)])
    await reward.stop()
  }

  @Test func messagesOfARowAreThePrompt() async throws {
    let (folder, reward) = try ScriptFolder.reward(
      """
      def f(prompts, completions, level, prompt="none", **kwargs):
          assert prompt == "none" and "completion" not in kwargs, kwargs
          return [len(p) + len(c) for p, c in zip(prompts, completions)]
      """, conversational: true)
    var request = RewardRequest.of("4", "5")
    request.completions[0].columns["prompt"] = [
      ["role": "system", "content": "add"], ["role": "user", "content": "2+2"],
    ]
    request.completions[1].columns["completion"] = "x"
    #expect(try await reward.score(request).scores == [.value(3), .value(2)])
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  @Test func coroutinesShareALoop() async throws {
    let (folder, reward) = try ScriptFolder.reward(
      """
      import asyncio
      queue = None
      class F:
          async def __call__(self, completions, **kwargs):
              global queue
              if queue is None: queue = asyncio.Queue()
              else: await asyncio.wait_for(queue.get(), 60)
              asyncio.get_running_loop().call_later(0.01, queue.put_nowait, 1)
              return [1, 2]
      f = F()
      """)
    for _ in 0..<3 { #expect(try await reward.scorePair() == [.value(1), .value(2)]) }
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  @Test(arguments: [
    ("def g(): pass", "AttributeError: module 'rewards' has no attribute 'f'"),
    ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
    ("def f(:", "SyntaxError: invalid syntax (rewards.py, line 1)"),
    (
      "from . import other",
      "ImportError: attempted relative import with no known parent package (a file has none; need a "
        + "module, such as rewards:f)"
    ),
  ])
  func aFunctionThatCannotBeLoadedDoesNotStart(source: String, reason: String) async throws {
    let (folder, reward) = try ScriptFolder.reward(source)
    await #expect {
      try await reward.start()
    } throws: {
      String(describing: $0)
        == "reward 'f': cannot start: python3: it ended (exit status 1); its last error line: \(reason)"
    }
    withExtendedLifetime(folder) {}
  }

  @Test(arguments: ["rewards.py", ":f", "rewards.py:", ""])
  func aTargetNamesAFileAndAFunction(target: String) {
    #expect(PythonReward.name(of: target) == nil)
    #expect(throws: RewardError.self) { _ = try PythonReward.reward(target) }
  }
}

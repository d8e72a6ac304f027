import Formats
import RewardPlugins
import Rewards
import TestSupport
import Testing

@Suite(.inTurn) struct PythonRewardTests {
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
    #expect(response.metrics.map(\.name) == ["step"] && response.metrics[0].value == 2)
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
    ("['3', 1]", "got '3'; need a number or None"),
    ("[b'3', 1]", "got b'3'; need a number or None"),
    (
      "[type('S', (), {'item': lambda s: '3', '__repr__': lambda s: 'S'})(), 1]",
      "got S; need a number or None"
    ),
    ("[10**400, True]", "got 1\(String(repeating: "0", count: 199))…; need a number or None"),
    ("[10**9000, 1]", "got a value of type int; need a number or None"),
    ("[1j, 1]", "got 1j; need a number or None"), ("[[1], 1]", "got [1]; need a number or None"),
    ("[memoryview(b'3'), 1]", "got <memory at "),
    ("[bytearray(b'3'), 1]", "got bytearray(b'3'); need a number or None"),
    // As numpy has a masked entry, and a time that is none.
    (
      "[type('M', (), {'mask': True, 'item': lambda s: 0.0, '__repr__': lambda s: 'masked'})(), 1]",
      "got masked; need a number or None"
    ),
    (
      "[type('T', (), {'dtype': type('D', (), {'kind': 'm'}), 'item': lambda s: -1 << 63, "
        + "'__repr__': lambda s: 'NaT'})(), 1]", "got NaT; need a number or None"
    ),
    ("[__import__('decimal').Decimal('NaN'), 1]", "got nan; need a finite number"),
    (
      "[type('S', (), {'__repr__': lambda s: exit(3)})(), 1]",
      "got a value of type S; need a number"
    ),
    ("['\\ud800', 1.0]", "got '\\ud800'; need a number or None"),
  ])
  func aValueThatIsNoRewardFailsAlone(values: String, reason: String) async throws {
    let (folder, reward) = try reward("def f(**kwargs): return \(values)")
    let scores = try await reward.scorePair()
    #expect(scores[0].failureReason?.hasPrefix(reason) == true, "\(scores)")
    #expect(scores[1] == .value(1))
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  @Test func numbersOfEveryKindAreRewards() async throws {
    let (folder, reward) = try reward(
      """
      import decimal, fractions
      class Scalar:
          def item(self): return 0.25
      def f(completions, **kwargs):
          if completions[0] == "4":
              return (x for x in [decimal.Decimal("0.5"), fractions.Fraction(1, 4)])
          return (Scalar(), True)
      """)
    #expect(try await reward.scorePair() == [.value(0.5), .value(0.25)])
    #expect(try await reward.score(.of("5", "5")).scores == [.value(0.25), .value(1)])
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  /// What a function does with two completions, and the reason that both scores then fail for.
  static let oddities = [
    ("return 0.5", "returned 0.5; need a list of 2 numbers or None"),
    ("return None", "returned None; need a list of 2 numbers or None"),
    ("return '12'", "returned '12'; need a list of 2 numbers or None"),
    ("return {1: 0.5, 2: 1}", "returned {1: 0.5, 2: 1}; need a list of 2 numbers or None"),
    ("return {1.0, 2.0}", "returned {1.0, 2.0}; need a list of 2 numbers or None"),
    ("return 10**400", "returned 1\(String(repeating: "0", count: 199))…; need a list of 2"),
    (
      "return [1, 2, 3]",
      "returned more than 2 rewards for 2 completions; need a list of 2 numbers or None"
    ),
    ("return itertools.count()", "returned more than 2 rewards for 2 completions"),
    ("return []", "returned 0 rewards for 2 completions"),
    ("completions.clear(); return []", "returned 0 rewards for 2 completions"),
    ("return (1 / (1 - i) for i in range(2))", "ZeroDivisionError: division by zero"),
    ("raise SystemExit(3)", "SystemExit: 3"), ("sys.exit('bye')", "SystemExit: bye"),
    ("raise asyncio.CancelledError()", "CancelledError: "),
    ("raise Unspeakable()", "Unspeakable: it has no text"),
    ("raise Unspeakable(exit)", "Unspeakable: it has no text"),
    ("return bytearray(b'12')", "returned bytearray(b'12'); need a list of 2 numbers or None"),
    ("return memoryview(b'12')", "returned <memory at "),
    (
      "return [c[0]['content'] for c in completions]",
      "TypeError: string indices must be integers, not 'str'; where it takes lists of messages: "
        + "conversational: true"
    ),
    ("raise ValueError('\\ud800\\u2028')", "ValueError: ?\u{2028}"),
    ("return f(completions, prompts)", "RecursionError: "),
    ("raise MemoryError()", "MemoryError: "),
  ]

  @Test func whateverAFunctionDoesIsAReply() async throws {
    let cases = Self.oddities.enumerated().map { "    if prompts[0] == '\($0)': \($1.0)" }
    let (folder, reward) = try reward(
      """
      import asyncio, itertools, os, sys
      class Unspeakable(Exception):
          def __str__(self): raise self.args[0]() if self.args else ValueError("no")
      def f(completions, prompts):
      \(cases.joined(separator: "\n"))
          return [os.getpid()] * 2
      """)
    let process = try await reward.scorePair()
    for (number, oddity) in Self.oddities.enumerated() {
      var request = RewardRequest.of("4", "5")
      for place in 0..<2 { request.completions[place].prompt = String(number) }
      let response = try await reward.score(request)
      let reason = failure(response.scores)
      #expect(reason?.hasPrefix(oddity.1) == true, "\(oddity.0): \(response.scores)")
      #expect(response.counts.isEmpty)
    }
    #expect(try await reward.scorePair() == process)
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  @Test(arguments: ["sys.exit(0)", "return [9, 9]", "raise ValueError()"])
  func aChildThatAFunctionForksSaysNothing(end: String) async throws {
    let (folder, reward) = try reward(
      """
      import os, sys
      def f(completions, **kwargs):
          if os.fork() == 0: \(end)
          os.wait()
          return [1, 2]
      """)
    for _ in 0..<2 { #expect(try await reward.scorePair() == [.value(1), .value(2)]) }
    try await reward.confirm()
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
    let (folder, reward) = try reward("def f(\(parameters)): return 1", style: style)
    let reason = failure(try await reward.scorePair())
    #expect(reason?.hasSuffix(hint) == true, "\(reason ?? "")")
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  @Test func whatIsLoggedNeverCostsAScore() async throws {
    let (folder, reward) = try reward(
      """
      import decimal
      class Hostile:
          def __str__(self): raise ValueError("no")
          __repr__ = __iter__ = __float__ = __hash__ = __str__
      def bad():
          yield 1
          raise ValueError("half way")
      loop = []
      loop.append(loop)
      def f(completions, log_metric, log_extra, **kwargs):
          log_metric("nan", float("nan")); log_metric("list", [1, 2]); log_metric("text", "3")
          log_metric("none", None); log_metric("hostile", Hostile()); log_metric("huge", 10**400)
          log_metric("mean", 9); log_metric("x" * 300, 1); log_metric("", 1)
          log_metric(value=decimal.Decimal("0.5"), name="half"); log_metric(7, True)
          log_metric("mixed", 1); log_metric("mixed", 4)
          log_extra("short", [1]); log_extra("scalar", 3); log_extra("text", "ab")
          log_extra("bad", bad()); log_extra("hostile", Hostile()); log_extra("big", ["x" * 5_000_000, 1])
          log_extra("endless", iter(int, 1))
          log_extra(column="odd", values=[{"a": loop, 3: float("inf")}, Hostile()])
          log_extra("kept", ["\\ud800", 10**30])
          for text in completions: log_extra("each", (text,))
          return [1, 2]
      """)
    let response = try await reward.score(.of("4", "5"))
    #expect(response.scores == [.value(1), .value(2)])
    #expect(response.metrics.map(\.name) == ["half", "7", "mixed"])
    #expect(response.metrics.map(\.value) == [0.5, 1, 2.5])
    #expect(response.columns.map(\.name) == ["odd", "kept", "each"])
    #expect(response.columns[0].values[0]["3"] == "inf")
    #expect(response.columns[0].values[1] == "a value of type Hostile")
    #expect(response.columns[1].values == ["?", "1000000000000000000000000000000"])
    #expect(response.columns[2].values == ["4", "5"])
    #expect(response.counts.map(\.name) == ["unlogged"] && response.counts[0].value == 16)
    #expect(
      response.notes == [
        "16 of what it logs was left out: metrics.nan: got \"nan\"; need a number"
      ])
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  @Test func theTrainersStateIsThatOfTransformers() async throws {
    let (folder, reward) = try reward(
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
    let (folder, _) = try reward("def f(trainer_state, **k): return [trainer_state.max_steps]")
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
    let (folder, reward) = try reward(
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
    let (folder, reward) = try reward(
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

  @Test func tooFewRewardsAreAnError() async throws {
    let (folder, reward) = try reward("def f(**kwargs): return [1]")
    #expect(
      failure(try await reward.scorePair())
        == "returned 1 rewards for 2 completions; need a list of 2 numbers or None")
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

  @Test func verlsGroundTruthMayBeAnyValue() async throws {
    let (folder, reward) = try reward(
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
    let (folder, reward) = try reward(
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

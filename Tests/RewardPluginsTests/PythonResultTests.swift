import Formats
import RewardPlugins
import Rewards
import TestSupport
import Testing

/// What a function in Python gives back, or does instead.
@Suite(.inTurn) struct PythonResultTests {
  @Test func anExceptionFailsItsBatchAndTheProcessLives() async throws {
    let (folder, reward) = try ScriptFolder.reward(
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
    let (folder, reward) = try ScriptFolder.reward("def f(**kwargs): return \(values)")
    let scores = try await reward.scorePair()
    #expect(scores[0].failureReason?.hasPrefix(reason) == true, "\(scores)")
    #expect(scores[1] == .value(1))
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  @Test func numbersOfEveryKindAreRewards() async throws {
    let (folder, reward) = try ScriptFolder.reward(
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
      "TypeError: string indices must be integers, not 'str'"
        + PythonReward.messagesHint
    ),
    ("raise ValueError('\\ud800\\u2028')", "ValueError: ?\u{2028}"),
    ("return f(completions, prompts)", "RecursionError: "),
    ("raise MemoryError()", "MemoryError: "),
  ]

  @Test func whateverAFunctionDoesIsAReply() async throws {
    let cases = Self.oddities.enumerated().map { "    if prompts[0] == '\($0)': \($1.0)" }
    let (folder, reward) = try ScriptFolder.reward(
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
    let (folder, reward) = try ScriptFolder.reward(
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

  @Test func whatIsLoggedNeverCostsAScore() async throws {
    let (folder, reward) = try ScriptFolder.reward(
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
    #expect(response.metrics.map(\.name.text) == ["half", "7", "mixed"])
    #expect(response.metrics.map(\.value) == [0.5, 1, 2.5])
    #expect(response.columns.map(\.name) == ["odd", "kept", "each"])
    #expect(response.columns[0].values[0]["3"] == "inf")
    #expect(response.columns[0].values[1] == "a value of type Hostile")
    #expect(response.columns[1].values == ["?", "1000000000000000000000000000000"])
    #expect(response.columns[2].values == ["4", "5"])
    #expect(response.counts.map(\.name.text) == ["unlogged"] && response.counts[0].value == 16)
    #expect(
      response.notes == [
        "16 logged values were ignored: metrics.nan: got \"nan\"; need a number"
      ])
    await reward.stop()
    withExtendedLifetime(folder) {}
  }

  @Test func tooFewRewardsAreAnError() async throws {
    let (folder, reward) = try ScriptFolder.reward("def f(**kwargs): return [1]")
    #expect(
      failure(try await reward.scorePair())
        == "returned 1 rewards for 2 completions; need a list of 2 numbers or None")
    await reward.stop()
    withExtendedLifetime(folder) {}
  }
}

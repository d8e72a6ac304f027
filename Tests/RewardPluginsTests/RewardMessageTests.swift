import Formats
import RewardPlugins
import Rewards
import Testing

@Suite struct RewardMessageTests {
  private func decode(
    _ reply: String, _ ids: PluginOptions.IDs = .off
  ) throws -> RewardResponse {
    try RewardMessage.decode(
      Array(reply.utf8), id: 7, ids,
      completions: RewardRequest.of("4", "5").completions.map {
        var completion = $0
        completion.tokenEnds = { [1, 1] }
        return completion
      })
  }

  @Test func requestIsOneLineWithAColumnForEveryName() throws {
    var request = RewardRequest.of("a\n\u{2028}\"", "b")
    request.completions[1].columns = ["level": 2.5, "e\u{301}": nil, "\u{e9}": "x"]
    request.completions[1].answer = nil
    request.completions[1].finishReason = .length
    let line = RewardMessage.encode(request, id: 3)
    #expect(line.count { $0 == UInt8(ascii: "\n") } == 1 && line.last == UInt8(ascii: "\n"))
    let json = try JSON(parsing: line, file: "request")
    #expect(json["labels"] == ["4", nil])
    #expect(json["finish_reasons"] == ["stop", "length"])
    #expect(json["query"] == ["2+2=a\n\u{2028}\"", "2+2=b"])
    #expect(
      json["columns"]?.object?.keys.map { Array($0.utf8) }
        == ["question", "level", "e\u{301}", "\u{e9}"].map { Array($0.utf8) })
    #expect(json["columns"]?["level"] == [1, 2.5])
    #expect(json["columns"]?["question"] == ["2+2", nil])
    #expect(json["columns"]?["\u{e9}"] == [nil, "x"])
  }

  @Test(arguments: [["2", "two"], true, ["a": 1], "4", nil] as [JSON])
  func labelsAreTheRowsValues(label: JSON) throws {
    var request = RewardRequest.of("4")
    request.completions[0].label = label
    let line = RewardMessage.encode(request, id: 1)
    #expect(try JSON(parsing: line, file: "request")["labels"] == [label])
    #expect(request.completions[0].answer == label.string)
  }

  @Test func columnsKeepTheirDigitsBothWays() throws {
    let row = "{\"n\": 12193263113702179522496385, \"p\": 0.10, \"q\": 1e5}"
    var request = RewardRequest.of("a")
    request.completions[0].columns = try #require(
      JSON(parsing: Array(row.utf8), file: "row").object)
    let text = String(decoding: RewardMessage.encode(request, id: 1), as: UTF8.self)
    #expect(text.contains("{\"n\":[12193263113702179522496385],\"p\":[0.10],\"q\":[1e5]}"))
    let reply = "{\"rewards\": [1, 2], \"columns\": {\"n\": [12193263113702179522496385, 0.10]}}"
    #expect(
      try decode(reply).columns.first?.values
        == [.numeral("12193263113702179522496385"), .numeral("0.10")])
  }

  @Test(arguments: [
    ("{\"rewards\": [1, -2.5]}", [Score.value(1), .value(-2.5)]),
    (
      "{\"rewards\": [null, 0], \"id\": 7, \"scores\": [9, 9], \"columns\": {}}",
      [.notApplicable, .value(0)]
    ),
    ("{\"rewards\": [1, 2], \"error\": [null, \"why\"]}\r", [.value(1), .failed("why")]),
    ("{\"rewards\": [1, 2], \"error\": null}", [.value(1), .value(2)]),
    ("{\"error\": \"all\"}", [.failed("all"), .failed("all")]),
    (
      "{\"step_rewards\": [[], [{\"end\": 1, \"reward\": 0.5}]]}",
      [.stream([]), .stream([.init(index: 0, reward: 0.5)])]
    ),
    ("{\"rewards\": [3, null], \"step_rewards\": [null, []]}", [.value(3), .stream([])]),
    (
      "{\"step_rewards\": [null, []]}",
      [.failed("step_rewards[0]: got null, and there are no rewards"), .stream([])]
    ),
    ("{\"error\": [\"a\", \"b\"]}", [.failed("a"), .failed("b")]),
    ("{\"rewards\": [1, 2], \"id\": null}", [.value(1), .value(2)]),
  ])
  func replyGivesAScoreEach(reply: String, scores: [Score]) throws {
    #expect(try decode(reply).scores == scores)
  }

  @Test(arguments: [
    ("hello", "no JSON"), ("", "no JSON"), ("{\"rewards\": [1, 2]} x", "no JSON"),
    ("[1, 2]", "got an array; need an object: [1, 2]"),
    ("{\"rewards\": [NaN, 1]}", "rewards[0]: got nan; need a number or null"),
    ("{\"rewards\": [1, -Infinity]}", "rewards[1]: got -inf; need a number or null"),
    ("{\"rewards\": [1e999, 1]}", "rewards[0]: got 1e999; need a number or null"),
    ("{\"rewards\": [1, 2], \"rewards\": [1, 2]}", "no JSON"),
    ("{\"rewards\": [\"0.5\", 1]}", "rewards[0]: got \"0.5\"; need a number or null"),
    ("{\"rewards\": [1, true]}", "rewards[1]: got true; need a number or null"),
    ("{\"rewards\": [1]}", "rewards: got 1 values; sent 2 completions"),
    ("{\"rewards\": [1, 2, 3]}", "rewards: got 3 values; sent 2 completions"),
    ("{\"rewards\": 1}", "rewards: got 1; need a list"),
    ("{\"rewards\": null}", "rewards: got null; need a list"),
    ("{\"reward\": [1, 2]}", "rewards: missing"), ("{}", "rewards: missing"),
    ("{\"rewards\": [1, 2], \"id\": 99}", "id: got 99; need 7"),
    ("{\"rewards\": [1, 2], \"id\": \"7\"}", "id: got \"7\"; need 7"),
    ("{\"rewards\": [1, 2], \"error\": [null]}", "error: got 1 values; sent 2 completions"),
    ("{\"rewards\": [1, 2], \"error\": [null, 1]}", "error[1]: got 1; need a text or null"),
    ("{\"rewards\": [1, 2], \"error\": 1}", "error: got 1; need a list"),
    (
      "{\"step_rewards\": [[{\"end\": 2, \"reward\": 1}], null]}",
      "step_rewards[0][0].end: got 2; need a step's end in bytes, 1 to 1"
    ),
    (
      "{\"step_rewards\": [null, [{\"end\": -1, \"reward\": 1}]]}",
      "step_rewards[1][0].end: got -1; need a step's end in bytes, 1 to 1"
    ),
    (
      "{\"step_rewards\": [[{\"end\": 1}], null]}",
      "step_rewards[0][0].reward: got null; need a number"
    ),
    (
      "{\"step_rewards\": [null, [{\"end\": 0, \"reward\": 1}]]}",
      "step_rewards[1][0].end: got 0; need a step's end in bytes, 1 to 1"
    ),
    (
      "{\"rewards\": [1, 2], \"step_rewards\": [[], null]}",
      "rewards[0]: need null where step_rewards has a list"
    ),
  ])
  func eachWrongReplyHasItsOwnText(reply: String, text: String) {
    #expect {
      _ = try decode(reply)
    } throws: {
      String(describing: $0).hasPrefix(text)
    }
  }

  @Test(arguments: ["{\"rewards\": [1, 2]}", "{\"rewards\": [1, 2], \"id\": null}"])
  func aReplyWithoutAnIDIsNoneWhereIDsAreRequired(reply: String) {
    #expect(throws: RewardMessage.MissingID.self) { _ = try decode(reply, .required) }
  }

  @Test(arguments: [
    ("\"metrics\": {\"a\": \"b\"}", "metrics.a: got \"b\"; need a number"),
    ("\"metrics\": {\"a\": NaN}", "metrics.a: got nan; need a finite number"),
    ("\"metrics\": {\"mean\": 9}", "metrics.mean: the name is reserved for the run (need another)"),
    ("\"metrics\": {\"\": 9}", "metrics.: has no name"),
    ("\"metrics\": [1]", "metrics: got [1]; need an object"),
    ("\"extra_logs\": {\"a\": [null]}", "extra_logs.a: got null; need a number"),
    ("\"extra_logs\": {\"a\": [1, NaN]}", "extra_logs.a: got nan; need a finite number"),
    ("\"columns\": [1]", "columns: got [1]; need an object"),
    ("\"columns\": {\"a\": [1]}", "columns.a: got 1 values; sent 2 completions"),
    ("\"columns\": {\"a\": 1}", "columns.a: got 1; need a list"),
    ("\"seconds\": [1]", "seconds: got 1 values; sent 2 completions"),
    ("\"seconds\": [1, null]", "seconds: got null; need a number"),
    ("\"seconds\": [1, -1]", "seconds: got -1.0; need seconds from 0"),
    ("\"seconds\": 1e999", "seconds: got 1e999; need a list"),
  ])
  func whatCannotBeLoggedCostsNoScore(entry: String, reason: String) throws {
    let response = try decode("{\"rewards\": [1, 2], \"columns2\": 1, \(entry)}")
    #expect(response.scores == [.value(1), .value(2)])
    #expect(response.metrics.isEmpty && response.columns.isEmpty && response.seconds == nil)
    #expect(response.counts.map(\.name.text) == ["unlogged"] && response.counts[0].value == 1)
    #expect(response.notes == ["1 logged values were ignored: \(reason)"])
  }

  @Test func theRestIsLoggedAsItIs() throws {
    let response = try decode(
      "{\"rewards\": [1, 2], \"metrics\": {\"a\": NaN, \"b\": true}, "
        + "\"columns\": {\"c\": [\"\\ud800x\", NaN], \"d\": [1]}}")
    #expect(response.scores == [.value(1), .value(2)])
    #expect(response.metrics.map(\.name.text) == ["b"] && response.metrics[0].value == 1)
    #expect(response.columns.map(\.name) == ["c"])
    #expect(response.columns[0].values[0] == "\u{FFFD}x")
    #expect(response.counts.map(\.value) == [2])
  }

  @Test func progressIsThatOfTransformers() throws {
    var request = RewardRequest.of("a")
    #expect(
      try JSON(parsing: RewardMessage.encode(request, id: 1), file: "")["trainer_state"] == nil)
    request.progress = RunProgress(
      steps: 30, totalSteps: 100, questionsPerStep: 8, completionsPerQuestion: 4, rows: 96,
      tokens: 12345, checkpointSteps: 50)
    #expect(
      try JSON(parsing: RewardMessage.encode(request, id: 1), file: "")["trainer_state"] == [
        "global_step": 30, "max_steps": 100, "epoch": 2.5, "num_train_epochs": 9,
        "num_input_tokens_seen": 12345, "train_batch_size": 32, "logging_steps": 1,
        "save_steps": 50,
      ])
  }

  @Test func metricsAndTheMeansOfExtraLogsAreLogged() throws {
    let metrics = try decode(
      "{\"rewards\": [1, 2], \"extra_logs\": {\"b\": [1, 2], \"c\": 4, \"none\": []}, "
        + "\"metrics\": {\"a\": 3}}"
    ).metrics
    #expect(metrics.map(\.name.text) == ["a", "b", "c"])
    #expect(metrics.map(\.value) == [3, 1.5, 4])
  }

  @Test func aDeepReplyIsRefused() {
    let deep = String(repeating: "[", count: 100_000)
    #expect(throws: RewardMessage.ReplyError.self) { _ = try decode("{\"rewards\": \(deep)") }
  }
}

import Formats
import RewardPlugins
import Rewards
import TestSupport
import Testing

/// Several processes share a batch, and nobody can tell from its scores.
@Suite(.inTurn) struct WorkersTests {
  private func request(_ prompts: [Int]) -> RewardRequest {
    RewardRequest(
      step: 1,
      completions: prompts.enumerated().map { place, prompt in
        Completion(
          prompt: "question \(prompt)", text: String(place), tokenIDs: [1], finishReason: .stop)
      })
  }

  private static let script = """
    me = str(os.getpid())
    for request in requests():
        prompts = set(request["prompts"])
        reply(request, rewards=[float(text) for text in request["completions"]],
              metrics={"count": n(request), "prompts": len(prompts)},
              columns={"process": [me] * n(request)}, id=request["id"])
    """

  @Test(arguments: [1, 2, 3, 5])
  func eachGetsWholePromptsAndScoresComeBackInOrder(workers: Int) async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(Self.script) { $0.workers = workers }
    let prompts = [0, 0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 3]
    for _ in 1...2 {
      let response = try await reward.score(request(prompts))
      #expect(response.scores == prompts.indices.map { .value(Double($0)) })
      let processes = try #require(response.columns.first).values.map { $0.string ?? "" }
      #expect(Set(processes).count == min(workers, 4))
      for (place, prompt) in prompts.enumerated() where place > 0 && prompts[place - 1] == prompt {
        #expect(processes[place] == processes[place - 1])
      }
    }
    await reward.stop()
  }

  @Test func metricsAreMeansOverCompletions() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(Self.script) { $0.workers = 2 }
    // Parts of one and three completions.
    let response = try await reward.score(request([0, 1, 1, 1]))
    #expect(response.metrics.map(\.name.text) == ["count", "prompts"])
    #expect(response.metrics.map(\.value) == [2.5, 1])
    await reward.stop()
  }

  @Test func eachPartHasTheColumnsOfAll() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      for request in requests():
          reply(request, rewards=[len(request["columns"])] * n(request),
                columns={"level": request["columns"]["level"]})
      """
    ) { $0.workers = 2 }
    var batch = request([0, 0, 1, 1])
    batch.completions[3].columns = ["level": 7]
    batch.completions[0].columns = ["kind": "x"]
    let response = try await reward.score(batch)
    #expect(response.scores == Array(repeating: .value(2), count: 4))
    #expect(response.columns.first?.values == [nil, nil, nil, 7])
    await reward.stop()
  }

  @Test func aPartThatFailsFailsAlone() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(
      """
      for request in requests():
          if "question 1" in request["prompts"]: os._exit(3)
          reply(request, rewards=[1] * n(request))
      """
    ) { $0.workers = 2 }
    let response = try await reward.score(request([0, 0, 1, 1]))
    #expect(response.scores[..<2] == [.value(1), .value(1)])
    #expect(
      response.scores[2...] == [
        .failed("it ended (exit status 3)"), .failed("it ended (exit status 3)"),
      ])
    #expect(response.counts.map(\.name.text) == ["restarts"])
    await reward.stop()
  }

  @Test func moreWorkersThanPromptsAreIdle() async throws {
    let folder = try ScriptFolder()
    let reward = try await folder.python(Self.script) { $0.workers = 4 }
    #expect(try await reward.score(request([0, 0])).scores == [.value(0), .value(1)])
    #expect(try await reward.score(request([])).scores == [])
    await reward.stop()
  }
}

import Kernels
import LanguageModel
import Sampling
import Testing

/// How completions end, and what keeps them from being drawn.
@Suite struct SamplerEndTests {
  private let policy = OddPolicy(tied: false)

  /// Draws without an end are the same up to where one comes.
  private func endless(_ count: Int) throws -> [[SampledCompletion]] {
    try policy.sample(.init(maximumTokens: count, eosIDs: [])).completions
  }

  @Test func anEndOfSequenceIDEndsACompletionAndBelongsToIt() throws {
    let found = try policy.sample(.init(maximumTokens: 20, eosIDs: OddPolicy.eosIDs)).completions
    for (found, whole) in zip(found.joined(), try endless(20).joined()) {
      let end = whole.tokens.firstIndex { OddPolicy.eosIDs.contains($0) }
      #expect(found.stopped == (end != nil))
      #expect(found.tokens == Array(whole.tokens[...(end ?? 19)]))
      #expect(found.logProbs == Array(whole.logProbs[...(end ?? 19)]))
      #expect(found.entropies.count == found.tokens.count)
    }
    #expect(Set(found.joined().map(\.stopped)) == [false, true])
  }

  @Test func anEndAtTheLimitStillCounts() throws {
    let whole = try endless(6)
    let last = whole[0][0].tokens[5]
    let found = try policy.sample(.init(maximumTokens: 6, eosIDs: [last])).completions[0][0]
    let first = whole[0][0].tokens.firstIndex(of: last)
    #expect(found.stopped && found.tokens.count == (first ?? 0) + 1)
  }

  @Test func aStopRuleEndsACompletionAfterTheToken() throws {
    let whole = try endless(15)
    var asked = 0
    let found = try Sampler(
      engine: policy.engine(), options: .init(maximumTokens: 15, eosIDs: [])
    ).sample(policy.parameters, OddPolicy.requests, completions: 6, draws: OddPolicy.draws()) {
      asked += 1
      // Those that begin with an odd token run on; the others end with an even one after the third.
      return $0[0] % 2 == 0 && $0.count > 3 && $0[$0.count - 1] % 2 == 0
    }.completions
    #expect(asked == found.joined().reduce(0) { $0 + $1.tokens.count })
    for (found, whole) in zip(found.joined(), whole.joined()) {
      let end =
        whole.tokens[0] % 2 != 0
        ? nil : whole.tokens.indices.first { $0 > 2 && whole.tokens[$0] % 2 == 0 }
      #expect(found.tokens == Array(whole.tokens[...(end ?? 14)]))
      #expect(found.stopped == (end != nil))
    }
    #expect(Set(found.joined().map(\.stopped)) == [false, true])
  }

  @Test func anErrorOfTheStopRuleComesThrough() {
    struct Stop: Error {}
    #expect(throws: Stop.self) {
      _ = try Sampler(engine: policy.engine(), options: .init(maximumTokens: 5, eosIDs: []))
        .sample(policy.parameters, OddPolicy.requests, completions: 1, draws: OddPolicy.draws()) {
          _ in
          throw Stop()
        }
    }
  }

  @Test(arguments: [1, 2, 7]) func noCompletionIsLongerThanTheLimit(limit: Int) throws {
    let found = try endless(limit)
    #expect(found.joined().allSatisfy { $0.tokens.count == limit && !$0.stopped })
    for (found, whole) in zip(found.joined(), try endless(9).joined()) {
      #expect(found.tokens == Array(whole.tokens[..<limit]))
    }
  }

  /// 64 positions: what the prompt leaves is all that may be drawn.
  @Test func noCompletionRunsOutOfTheContext() throws {
    let requests = [60, 3, 63].map {
      Sampler.Request(prompt: .init(repeating: 9, count: $0), row: $0)
    }
    let found = try policy.sample(
      .init(maximumTokens: 1000, eosIDs: []), requests, keep: true
    )
    #expect(found.completions.map { Set($0.map(\.tokens.count)) } == [[4], [61], [1]])
    #expect(found.completions.joined().allSatisfy { !$0.stopped })
  }

  @Test func aPromptThatFillsTheContextIsRefused() {
    let requests = [5, 64].map {
      Sampler.Request(prompt: .init(repeating: 9, count: $0), row: $0 + 1)
    }
    do {
      _ = try policy.sample(.init(maximumTokens: 5, eosIDs: []), requests)
      Issue.record("nothing was refused")
    } catch {
      #expect(
        "\(error)"
          == "prompt: is too long (got 64 tokens; need at most 63, with a context of 64)")
    }
  }

  @Test func nothingAskedForIsNoFault() throws {
    let options = SamplingOptions(maximumTokens: 5, eosIDs: [])
    for keep in [false, true] {
      #expect(try policy.sample(options, [], keep: keep).completions.isEmpty)
      let none = try policy.sample(options, completions: 0, keep: keep).completions
      #expect(none == OddPolicy.requests.map { _ in [] })
    }
  }

  @Test func logitsThatAreNotFiniteAreAnErrorThatNamesThePlace() throws {
    let broken = OddPolicy(tied: false)
    // Found at the first token: the whole head is broken.
    broken.parameters.head[76, 35] = .nan
    for options in OddPolicy.options {
      do {
        _ = try broken.sample(options, [OddPolicy.requests[2]])
        Issue.record("nothing was found")
      } catch {
        #expect(
          "\(error)" == "step 11: question 3, sample 4, position 0: "
            + "the logits are not finite (need finite numbers)")
      }
    }
    // Found later: only the embedding of one token is.
    let options = SamplingOptions(maximumTokens: 30, eosIDs: [])
    let whole = try policy.sample(options, [OddPolicy.requests[0]], completions: 1).completions[0][
      0]
    let token = whole.tokens[5]
    let later = OddPolicy(tied: false)
    later.parameters.embedding[token, 0] = .infinity
    let position = (whole.tokens.firstIndex(of: token) ?? 0) + 1
    #expect(!OddPolicy.requests[0].prompt.contains(token))
    do {
      _ = try later.sample(options, [OddPolicy.requests[0]], completions: 1)
      Issue.record("nothing was found")
    } catch {
      #expect(
        "\(error)" == "step 11: question 0, sample 0, position \(position): "
          + "the logits are not finite (need finite numbers)")
    }
  }

  @Test func anEngineDrawsRightAfterAFault() throws {
    let broken = OddPolicy(tied: false)
    for tensor in broken.parameters.layout.tensors {
      broken.parameters.set(tensor, broken.parameters.values(tensor).map { _ in .nan })
    }
    let engine = policy.engine()
    let expected = try policy.sample(OddPolicy.options[0]).completions
    for keep in [false, true] {
      #expect(throws: SamplingError.self) {
        _ = try broken.sample(OddPolicy.options[0], engine: engine, keep: keep)
      }
      let found = try policy.sample(OddPolicy.options[0], engine: engine, keep: keep).completions
      #expect(difference(found, expected) == nil)
    }
  }
}

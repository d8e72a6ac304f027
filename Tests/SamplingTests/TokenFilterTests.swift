import Foundation
import Kernels
import LanguageModel
import Sampling
import Testing

/// The tokens that filters leave, against a reference that ranks every token by itself.
@Suite struct TokenFilterTests {
  /// Top-k, then top-p of what is left, then min-p; of equal tokens the lower id ranks first.
  private func reference(_ logits: [Float], _ options: SamplingOptions) -> [Int32] {
    let highest = Double(logits.max() ?? 0)
    let weights = logits.map { exp((Double($0) - highest) / options.temperature) }
    func rank(_ j: Int) -> Int {
      logits.indices.count { logits[$0] > logits[j] || (logits[$0] == logits[j] && $0 < j) }
    }
    let ranked = logits.indices.sorted { rank($0) < rank($1) }
    let best = Array(ranked.prefix(options.topK ?? ranked.count))
    let total = best.reduce(0) { $0 + weights[$1] }
    return best.indices.filter { place in
      // A token stays if those before it have not reached the sum.
      let before = best[..<place].reduce(0) { $0 + weights[$1] }
      return (place == 0 || options.topP == 1 || before < options.topP * total)
        && weights[best[place]] >= options.minP * weights[best[0]]
    }.map { Int32(best[$0]) }.sorted()
  }

  /// Tokens come in families of equal logits, so that every cut falls among equals.
  private func tiedPolicy() -> OddPolicy {
    let policy = OddPolicy(tied: false)
    for token in 0..<77 where token % 4 != 0 {
      for k in 0..<36 {
        policy.parameters.head[token, k] = policy.parameters.head[token / 4 * 4, k]
      }
    }
    return policy
  }

  @Test(
    arguments: [
      (1.0, 1, 1.0, 0.0), (1, 2, 1, 0), (0.7, 6, 1, 0), (2, 76, 1, 0), (1, 1000, 1, 0),
      (1, nil, 0.5, 0), (1, nil, 0.9, 0), (1.7, nil, 0.99, 0), (1, nil, 1e-9, 0),
      (1, nil, 1, 0.3), (0.6, nil, 1, 0.02), (1, nil, 1, 1),
      (1.3, 30, 0.8, 0), (1.3, 30, 0.95, 0.2), (0.9, nil, 0.7, 0.5), (1, 5, 0.999, 0.01),
    ] as [(Double, Int?, Double, Double)], [false, true])
  func filtersLeaveWhatTheReferenceLeaves(
    numbers: (temperature: Double, topK: Int?, topP: Double, minP: Double), tied: Bool
  ) throws {
    let policy = tied ? tiedPolicy() : OddPolicy(tied: false)
    let options = SamplingOptions(
      temperature: numbers.temperature, topK: numbers.topK, topP: numbers.topP,
      minP: numbers.minP, maximumTokens: 8, eosIDs: [])
    let found = try policy.sample(options, completions: 2).completions
    for (request, completions) in zip(OddPolicy.requests, found) {
      for completion in completions {
        let logits = policy.logits(request.prompt + completion.tokens)
        let supports = try #require(completion.supports)
        #expect(supports.count == completion.tokens.count)
        for (t, support) in supports.enumerated() {
          #expect(support == reference(logits[request.prompt.count + t - 1], options))
          #expect(support.contains(Int32(completion.tokens[t])))
        }
      }
    }
  }

  @Test func equalTokensAreCutByTheirID() throws {
    let options = SamplingOptions(topK: 2, maximumTokens: 1, eosIDs: [])
    for completion in try tiedPolicy().sample(options).completions.joined() {
      let support = try #require(completion.supports)[0]
      #expect(support.count == 2 && support[0] % 4 == 0 && support[1] == support[0] + 1)
    }
  }

  @Test func noFilterRecordsNoSupport() throws {
    let policy = OddPolicy(tied: false)
    for options in [
      SamplingOptions(maximumTokens: 3, eosIDs: []),
      SamplingOptions(temperature: 0, topK: 3, minP: 0.5, maximumTokens: 3, eosIDs: []),
    ] {
      let found = try policy.sample(options).completions
      #expect(found.joined().allSatisfy { $0.supports == nil })
    }
  }

  /// A single token left is drawn for certain: log-prob and entropy are exactly 0.
  @Test func oneTokenLeftIsCertain() throws {
    let options = SamplingOptions(temperature: 1.4, topK: 1, maximumTokens: 9, eosIDs: [])
    let found = try OddPolicy(tied: false).sample(options).completions
    #expect(found.joined().allSatisfy { $0.logProbs.allSatisfy { $0 == 0 } })
    #expect(found.joined().allSatisfy { $0.entropies.allSatisfy { $0 == 0 } })
  }
}

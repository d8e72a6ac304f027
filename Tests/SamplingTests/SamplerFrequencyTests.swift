import Foundation
import LanguageModel
import Sampling
import TestSupport
import Testing

/// Tokens are drawn as often as their distribution says.
@Suite struct SamplerFrequencyTests {
  private static let draws = 20_000

  @Test(arguments: OddPolicy.options.filter { $0.temperature > 0 })
  func tokensAreDrawnAsOftenAsTheirProbabilitiesSay(options: SamplingOptions) throws {
    let policy = OddPolicy(tied: false)
    var options = options
    options.maximumTokens = 1
    let request = OddPolicy.requests[0]
    let found = try policy.sample(options, [request], completions: Self.draws).completions[0]
    var counts = [Int](repeating: 0, count: 77)
    for completion in found { counts[completion.tokens[0]] += 1 }

    // The softmax of the logits at the temperature, over the support, in Double.
    let logits = policy.logits(request.prompt)[request.prompt.count - 1].doubles
    let support = found[0].supports?[0].map(Int.init) ?? Array(0..<77)
    let highest = logits.max() ?? 0
    var p = [Double](repeating: 0, count: 77)
    for token in support { p[token] = exp((logits[token] - highest) / options.temperature) }
    let total = p.reduce(0, +)
    p = p.map { $0 / total }

    // What lies outside is never drawn; what is rare shares a cell.
    #expect((0..<77).allSatisfy { p[$0] > 0 || counts[$0] == 0 })
    let common = (0..<77).filter { p[$0] * Double(Self.draws) >= 10 }
    let rest = 1 - common.reduce(0) { $0 + p[$1] }
    var (cells, probabilities) = (common.map { counts[$0] }, common.map { p[$0] })
    if rest * Double(Self.draws) >= 10 {
      cells.append(Self.draws - cells.reduce(0, +))
      probabilities.append(rest)
    }
    let (statistic, bound) = chiSquared(cells, probabilities: probabilities)
    #expect(statistic < bound && cells.count > 3)

    // And the log-prob recorded is the log of that probability.
    for completion in found.prefix(100) {
      #expect(abs(Double(completion.logProbs[0]) - log(p[completion.tokens[0]])) < 1e-5)
    }
  }

  /// Later tokens follow the distribution after the tokens before them.
  @Test func secondTokensFollowTheFirst() throws {
    let policy = OddPolicy(tied: false)
    let options = SamplingOptions(topK: 4, maximumTokens: 2, eosIDs: [])
    let request = OddPolicy.requests[3]
    let found = try policy.sample(options, [request], completions: Self.draws).completions[0]
    var counts: [[Int]: Int] = [:]
    var probabilities: [[Int]: Double] = [:]
    for completion in found {
      counts[completion.tokens, default: 0] += 1
      probabilities[completion.tokens] = exp(completion.logProbs.reduce(0) { $0 + Double($1) })
    }
    let pairs = probabilities.filter { $0.value * Double(Self.draws) >= 10 }
    let total = pairs.reduce(0) { $0 + $1.value }
    let (statistic, bound) = chiSquared(
      pairs.map { counts[$0.key] ?? 0 }, probabilities: pairs.map { $0.value / total })
    #expect(statistic < bound && pairs.count > 8)
  }
}

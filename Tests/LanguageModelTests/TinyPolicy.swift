import Kernels
import LanguageModel
import TestSupport

/// A policy of odd sizes: nothing is a multiple of 16, and rows need several chunks.
enum TinyPolicy {
  static func configuration(tied: Bool, headSize: Int = 10) -> ModelConfiguration {
    ModelConfiguration(
      vocabularySize: 77, hiddenSize: 36, layers: 3, attentionHeads: 6, keyValueHeads: 2,
      headSize: headSize, intermediateSize: 52, maximumPositions: 64, ropeTheta: 500,
      tiedEmbeddings: tied, initializerRange: 0.3)
  }

  /// Weights large enough for peaked distributions, gains away from 1.
  static func parameters(_ configuration: ModelConfiguration, seed: UInt64 = 1) -> Parameters {
    let parameters = Parameters(configuration, seed: seed)
    var rng = SplitMix64(seed: seed)
    for tensor in parameters.layout.tensors where !tensor.isMatrix {
      let gains = [Float].uniform(tensor.shape[0], using: &rng).map { 1 + 0.3 * $0 }
      parameters.set(tensor, gains)
    }
    return parameters
  }

  static func engine(
    _ configuration: ModelConfiguration, workers: Int = 2, activationBytes: Int = 1 << 30
  ) -> Engine {
    Engine(
      configuration, workers: Workers(count: workers), activationBytes: activationBytes)
  }

  /// Prompts of the first lengths, with completions of the further lengths; where `supported`, each
  /// token's distribution is restricted to some ids.
  static func batch(_ lengths: [[Int]], supported: Bool = false, seed: UInt64 = 2) -> TokenBatch {
    var rng = SplitMix64(seed: seed)
    func tokens(_ count: Int) -> [Int] { (0..<count).map { _ in .random(in: 0..<77, using: &rng) } }
    return TokenBatch(
      lengths.map { lengths in
        // One row speaks for the first token of all completions, so it has one support.
        let firsts = tokens(lengths.count)
        let shared = Set(firsts + [3, 40, 76]).sorted().map(Int32.init)
        return .init(
          prompt: tokens(lengths[0]),
          completions: lengths.dropFirst().enumerated().map { i, length in
            let tokens = length == 0 ? [] : [firsts[i]] + tokens(length - 1)
            let supports = tokens.enumerated().map { t, token in
              t == 0 ? shared : Set([token, 5, 6, 7 * t % 77]).sorted().map(Int32.init)
            }
            return .init(tokens: tokens, supports: supported ? supports : nil)
          })
      })
  }

  /// 93 rows and 71 completion tokens: empty completions, single tokens, prompts of one token.
  static let lengths = [
    [5, 4, 1, 0, 9], [1, 2, 2, 2], [17, 3, 8], [2, 1, 1], [9, 0], [3, 11, 2, 5, 7, 13],
  ]
}

/// ⟨gradient, t⟩ against the derivative of `objective` along t, the worst of three random t over all
/// numbers, in units of what such a product is expected to be: t's numbers have variance 1/3.
func directionError(
  of gradient: Parameters, at p: Parameters, _ objective: ([Double]) -> Double
) -> Double {
  let (x, g) = (p.flat.doubles, gradient.flat.doubles)
  let scale = (g.reduce(0) { $0 + $1 * $1 } / 3).squareRoot()
  var rng = SplitMix64(seed: 14)
  return (0..<3).map { _ in
    let t = [Double].uniform(x.count, using: &rng)
    let numerical = directionalDerivative(of: objective, at: x, along: t, step: 1e-6)
    return abs(numerical - zip(g, t).reduce(0) { $0 + $1.0 * $1.1 }) / scale
  }.max() ?? 0
}

extension Parameters {
  /// Every number of every tensor, row-major, in the order of the layout.
  var flat: [Float] { layout.tensors.flatMap { values($0) } }
}

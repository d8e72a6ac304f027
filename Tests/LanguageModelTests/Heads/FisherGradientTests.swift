import Foundation
import Kernels
import LanguageModel
import TestSupport
import Testing

@Suite struct FisherGradientTests {
  private static let temperature: Float = 0.7
  private static let kinds = [Fisher.exact, .sampled]

  /// A policy small enough for its Fisher matrix to be written down: 1,100 numbers, 11 tokens.
  private static let micro = ModelConfiguration(
    vocabularySize: 11, hiddenSize: 6, layers: 2, attentionHeads: 3, keyValueHeads: 1, headSize: 4,
    intermediateSize: 10, maximumPositions: 16, tiedEmbeddings: false, initializerRange: 0.5)

  private static let microBatch = TokenBatch([
    .init(prompt: [1, 5], completions: [.init(tokens: [3, 7, 2]), .init(tokens: [4])]),
    .init(prompt: [9], completions: [.init(tokens: [10, 0])]),
  ])

  private func random(_ c: ModelConfiguration, seed: UInt64) -> Parameters {
    let tangent = Parameters(c)
    var rng = SplitMix64(seed: seed)
    for tensor in tangent.layout.tensors {
      tangent.set(tensor, .uniform(tensor.shape.reduce(1, *), using: &rng))
    }
    return tangent
  }

  private func weights(_ count: Int) -> [Float] {
    var rng = SplitMix64(seed: 40)
    return [Float].uniform(count, using: &rng).map { 0.6 + 0.5 * $0 }
  }

  private func product(
    _ p: Parameters, _ v: Parameters, _ batch: TokenBatch, _ kind: Fisher,
    weights: [Float]? = nil, workers: Int = 2, activationBytes: Int = 1 << 30, times: Int = 1,
    keep: Bool = false
  ) -> [Float] {
    let engine = TinyPolicy.engine(
      p.configuration, workers: workers, activationBytes: activationBytes)
    let product = Parameters(p.configuration)
    let kept =
      keep ? engine.forward(p, batch, temperature: Self.temperature, keep: true).kept : nil
    for _ in 0..<times {
      engine.fisherProduct(
        p, tangent: v, into: product, batch, weights: weights ?? self.weights(batch.tokenCount),
        temperature: Self.temperature, kind: kind, kept: kept)
    }
    return product.flat
  }

  private func dot(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }

  /// |a − b| / |b|.
  private func distance(_ a: [Float], _ b: [Double]) -> Double {
    let difference = zip(a, b).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
    return (difference / b.reduce(0) { $0 + $1 * $1 }).squareRoot()
  }

  /// Every (token, candidate) pair's weight, probability and gradient of log π by the backward pass.
  private func scores(
    _ p: Parameters, _ batch: TokenBatch
  ) -> [(token: Int, candidate: Int, drawn: Bool, probability: Double, gradient: [Float])] {
    let engine = TinyPolicy.engine(p.configuration)
    var result: [(Int, Int, Bool, Double, [Float])] = []
    var number = 0
    for question in batch.questions {
      for completion in question.completions {
        for (t, token) in completion.tokens.enumerated() {
          for candidate in 0..<p.configuration.vocabularySize {
            let cut = TokenBatch([
              .init(
                prompt: question.prompt,
                completions: [.init(tokens: completion.tokens[..<t] + [candidate])])
            ])
            let gradient = Parameters(p.configuration)
            let last = [Float](repeating: 0, count: t) + [1]
            engine.backward(
              p, gradient: gradient, cut, TokenGradient(dLogProb: last),
              temperature: Self.temperature, kept: nil)
            let logProb = engine.forward(p, cut, temperature: Self.temperature, keep: false)
              .logProbs[t]
            result.append(
              (number, candidate, candidate == token, exp(Double(logProb)), gradient.flat))
          }
          number += 1
        }
      }
    }
    return result
  }

  @Test(arguments: kinds) func itIsTheDenseMatrixTimesTheTangent(kind: Fisher) {
    let p = TinyPolicy.parameters(Self.micro)
    let w = weights(Self.microBatch.tokenCount)
    let scores = scores(p, Self.microBatch)
    let count = p.flat.count
    var matrix = [Double](repeating: 0, count: count * count)
    for score in scores {
      let share: Double
      switch kind {
      case .exact: share = score.probability
      case .sampled: share = score.drawn ? 1 : 0
      }
      let scale = Double(w[score.token]) * share
      if scale == 0 { continue }
      let g = score.gradient.doubles
      for i in 0..<count {
        let left = scale * g[i]
        for j in 0..<count { matrix[i * count + j] += left * g[j] }
      }
    }
    for seed: UInt64 in 41...43 {
      let v = random(Self.micro, seed: seed)
      let flat = v.flat.doubles
      let expected = (0..<count).map { i in
        (0..<count).reduce(0) { $0 + matrix[i * count + $1] * flat[$1] }
      }
      let found = product(p, v, Self.microBatch, kind)
      // Gradients and tangents are each within 3e-6 of float64 in the norm.
      #expect(distance(found, expected) < 1e-5)
    }
  }

  /// ⟨u, F v⟩ from the reference's derivatives along u and v, in `Double` and at odd sizes.
  @Test(arguments: kinds, [(false, false), (true, false), (false, true), (true, true)])
  func itMatchesTheReferencesDerivatives(kind: Fisher, policy: (tied: Bool, supported: Bool)) {
    let p = TinyPolicy.parameters(TinyPolicy.configuration(tied: policy.tied))
    let batch = TinyPolicy.batch(
      [[5, 4, 1, 0], [1, 2, 2], [3, 6]], supported: policy.supported)
    let (u, v) = (random(p.configuration, seed: 44), random(p.configuration, seed: 45))
    let (x, h, t) = (p.flat.doubles, 1e-6, Double(Self.temperature))
    func distributions(_ flat: [Double]) -> [(logProbs: [Double], token: Int)] {
      ReferenceModel(p.configuration, flat: flat).distributions(batch, temperature: t)
    }
    func derivative(_ along: Parameters) -> [[Double]] {
      let direction = along.flat.doubles
      let after = distributions(zip(x, direction).map { $0 + h * $1 })
      let before = distributions(zip(x, direction).map { $0 - h * $1 })
      return zip(after, before).map { a, b in
        zip(a.logProbs, b.logProbs).map { ($0 - $1) / (2 * h) }
      }
    }
    let (du, dv, here) = (derivative(u), derivative(v), distributions(x))
    let w = weights(batch.tokenCount)
    func form(_ a: [[Double]], _ b: [[Double]]) -> Double {
      here.enumerated().reduce(0) { sum, row in
        let (t, row) = (row.offset, row.element)
        switch kind {
        case .exact:
          return sum
            + row.logProbs.indices.reduce(0) {
              $0 + Double(w[t]) * exp(row.logProbs[$1]) * a[t][$1] * b[t][$1]
            }
        case .sampled: return sum + Double(w[t]) * a[t][row.token] * b[t][row.token]
        }
      }
    }
    let scale = (form(du, du) * form(dv, dv)).squareRoot()
    let product = product(p, v, batch, kind)
    #expect(abs(dot(u.flat, product) - form(du, dv)) < 1e-5 * scale)
    #expect(abs(dot(v.flat, product) - form(dv, dv)) < 1e-5 * form(dv, dv))
  }

  @Test(arguments: kinds) func itIsSymmetricAndPositive(kind: Fisher) {
    let p = TinyPolicy.parameters(TinyPolicy.configuration(tied: true))
    let batch = TinyPolicy.batch(TinyPolicy.lengths)
    let vectors = (50..<53).map { random(p.configuration, seed: $0) }
    let products = vectors.map { product(p, $0, batch, kind) }
    func form(_ i: Int, _ j: Int) -> Double { dot(vectors[i].flat, products[j]) }
    for i in 0..<3 {
      #expect(form(i, i) > 0)
      for j in 0..<i {
        let scale = (form(i, i) * form(j, j)).squareRoot()
        #expect(abs(form(i, j) - form(j, i)) < 1e-5 * scale)
      }
    }
  }

  /// Every token of the vocabulary once, weighted by its probability.
  @Test func theExactMatrixIsTheExpectationOfTheSampledOne() {
    let p = TinyPolicy.parameters(Self.micro)
    let v = random(Self.micro, seed: 46)
    let all = TokenBatch([
      .init(prompt: [1, 5, 2], completions: (0..<11).map { .init(tokens: [$0]) })
    ])
    let one = TokenBatch([.init(prompt: [1, 5, 2], completions: [.init(tokens: [0])])])
    let engine = TinyPolicy.engine(Self.micro)
    let logProbs = engine.forward(p, all, temperature: Self.temperature, keep: false).logProbs
    let sampled = product(p, v, all, .sampled, weights: logProbs.map { Float(exp(Double($0))) })
    let exact = product(p, v, one, .exact, weights: [1])
    #expect(distance(sampled, exact.doubles) < 1e-5)
  }

  @Test(arguments: kinds, [false, true]) func threadsMicroBatchesAndKeptActivationsGiveTheSameBits(
    kind: Fisher, tied: Bool
  ) {
    let p = TinyPolicy.parameters(TinyPolicy.configuration(tied: tied))
    let batch = TinyPolicy.batch(TinyPolicy.lengths, supported: true)
    let v = random(p.configuration, seed: 47)
    let expected = product(p, v, batch, kind, workers: 1)
    let bytesPerRow =
      Activations.bytesPerRow(p.configuration, .everything)
      + BackwardWorkspace.bytesPerRow(p.configuration)
    for (workers, rows) in [(2, 1000), (3, 1000), (1, 0), (2, 30), (3, 60)] {
      let found = product(
        p, v, batch, kind, workers: workers, activationBytes: rows * bytesPerRow)
      #expect(bitDifference(found, expected) == nil, "\(workers) threads, \(rows) rows")
    }
    #expect(bitDifference(product(p, v, batch, kind, keep: true), expected) == nil)
  }

  @Test(arguments: kinds) func productsAccumulate(kind: Fisher) {
    let p = TinyPolicy.parameters(TinyPolicy.configuration(tied: true))
    let batch = TinyPolicy.batch(TinyPolicy.lengths)
    let v = random(p.configuration, seed: 48)
    let (once, twice) = (product(p, v, batch, kind), product(p, v, batch, kind, times: 2))
    #expect(distance(twice, once.map { 2 * Double($0) }) < 1e-6)
  }

  /// A token of weight 0, and a tangent of 0, add nothing.
  @Test(arguments: kinds) func nothingGivesNothing(kind: Fisher) {
    let p = TinyPolicy.parameters(TinyPolicy.configuration(tied: false))
    let batch = TinyPolicy.batch([[3, 4, 2]])
    let v = random(p.configuration, seed: 49)
    let unweighted = product(p, v, batch, kind, weights: .init(repeating: 0, count: 6))
    #expect(unweighted.allSatisfy { $0 == 0 })
    #expect(product(p, Parameters(p.configuration), batch, kind).allSatisfy { $0 == 0 })
    #expect(product(p, v, TokenBatch([]), kind).allSatisfy { $0 == 0 })
  }
}

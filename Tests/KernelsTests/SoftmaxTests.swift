import Foundation
import Kernels
import TestSupport
import Testing

@Suite struct SoftmaxTests {
  static let counts = [1, 2, 15, 16, 17, 77, 512, 513, 1030]
  static let temperatures: [Float] = [1, 0.7, 2.5]

  /// log Σ e^{z/T} and log p of every entry.
  private func reference(_ logits: [Double], _ temperature: Double) -> [Double] {
    let z = logits.map { $0 / temperature }
    let highest = z.max() ?? 0
    let logSum = highest + log(z.reduce(0) { $0 + exp($1 - highest) })
    return z.map { $0 - logSum }
  }

  private func entropy(_ logProbs: [Double]) -> Double {
    -logProbs.reduce(0) { $0 + exp($1) * $1 }
  }

  private func logits(_ count: Int, scale: Float = 6) -> [Float] {
    var rng = SplitMix64(seed: UInt64(count))
    return [Float].uniform(count, using: &rng).map { scale * $0 }
  }

  @Test(arguments: counts, temperatures) func forwardMatchesTheEquation(
    count: Int, temperature: Float
  ) {
    let logits = logits(count)
    let (row, exponentials) = (Matrix(logits, columns: count), Matrix(rows: 1, columns: count))
    let s = Softmax.forward(
      exponentials, .init(row, row: 0, count: count), temperature: temperature)
    let expected = reference(logits.doubles, Double(temperature))
    // Of a logit of 6 divided by 0.7: its last bit is 1e-6.
    #expect(
      worstError(logits.map { s.logProb(logit: $0) }, expected) < 2e-6)
    #expect(abs(s.entropy - entropy(expected)) < 2e-6)
    #expect(exponentials.paddingIsZero)
    #expect(s.isFinite)
  }

  @Test func oneTokenIsCertain() {
    let (row, exponentials) = (Matrix([-3.7], columns: 1), Matrix(rows: 1, columns: 1))
    let s = Softmax.forward(
      exponentials, .init(row, row: 0, count: 1), temperature: 0.3)
    #expect(s.logProb(logit: -3.7) == 0)
    #expect(s.entropy == 0)
  }

  /// A support's distribution is that of its gathered logits, whatever lies behind them.
  @Test func numbersPastTheCountDoNotMatter() {
    let logits = logits(40)
    for stale: Float in [0, 1e9, .nan, .infinity] {
      let row = Matrix(Array(logits[..<21]) + .init(repeating: stale, count: 19), columns: 40)
      let exponentials = Matrix(.init(repeating: stale, count: 40), columns: 40)
      let s = Softmax.forward(
        exponentials, .init(row, row: 0, count: 21), temperature: 1)
      let expected = reference(Array(logits[..<21]).doubles, 1)
      #expect(worstError([s.logProb(logit: logits[4])], [expected[4]]) < 2e-6)
      #expect(abs(s.entropy - entropy(expected)) < 2e-6)
      #expect((21..<32).allSatisfy { exponentials[0, $0] == 0 })
      #expect(Softmax.draw(s, uniform: 0.999_999_999) < 21)
    }
  }

  @Test(arguments: [1, 16, 21, 600]) func aLogitThatIsNoNumberIsSeen(count: Int) {
    for index in Set([0, count / 2, count - 1]) {
      for bad: Float in [.nan, -.nan, .infinity] {
        var logits = logits(count)
        logits[index] = bad
        let exponentials = Matrix(rows: 1, columns: count)
        let s = Softmax.forward(
          exponentials, .init(Matrix(logits, columns: count), row: 0, count: count),
          temperature: 0.9)
        #expect(!s.isFinite && s.entropy.isNaN, "\(bad) at \(index) of \(count)")
        #expect(s.logProb(logit: 1).isNaN)
      }
    }
    let none = Softmax.forward(
      Matrix(rows: 1, columns: count),
      .init(
        Matrix(.init(repeating: -.infinity, count: count), columns: count), row: 0, count: count),
      temperature: 1)
    #expect(!none.isFinite)
  }

  /// What is far below the largest logit has probability 0 and adds nothing to the entropy.
  @Test func unlikelyTokensVanishQuietly() {
    let (row, exponentials) = (
      Matrix([0, -200, -.infinity, 0], columns: 4), Matrix(rows: 1, columns: 4)
    )
    let s = Softmax.forward(
      exponentials, .init(row, row: 0, count: 4), temperature: 1)
    #expect(abs(s.entropy - log(2.0)) < 1e-12)
    #expect(s.logProb(logit: -200) == Float(-200 - log(2.0)))
  }

  /// Σ c log p(t) + h·H of one row, its kernel gradient, and the same written elsewhere.
  private func backward(
    _ logits: [Float], _ temperature: Float, _ targets: [(index: Int, coefficient: Float)],
    _ dEntropy: Float, inPlace: Bool
  ) -> Matrix {
    let row = Matrix(logits, columns: logits.count)
    let exponentials = Matrix(rows: 1, columns: logits.count)
    let d = Softmax.forward(
      exponentials, .init(row, row: 0, count: logits.count), temperature: temperature)
    let dlogits =
      inPlace ? row : Matrix(.init(repeating: 9, count: logits.count), columns: logits.count)
    for _ in 0..<(inPlace ? 1 : 2) {
      Softmax.backward(dlogits, row: 0, of: d, targets: targets, dEntropy: dEntropy)
    }
    return dlogits
  }

  @Test(arguments: counts, temperatures) func backwardMatchesFiniteDifferences(
    count: Int, temperature: Float
  ) {
    let logits = logits(count, scale: 2)
    // Two completions may begin with the same token.
    let targets: [(index: Int, coefficient: Float)] = [
      (count / 2, 0.8), (count - 1, -0.3), (count / 2, 0.5),
    ]
    for h: Float in [0, 0.7, -1.3] {
      let gradient = backward(logits, temperature, targets, h, inPlace: true)
      let error = gradientError(
        of: { z in
          let logProbs = reference(z, Double(temperature))
          return targets.reduce(Double(h) * entropy(logProbs)) {
            $0 + Double($1.coefficient) * logProbs[$1.index]
          }
        }, at: logits, gradient: gradient.values)
      // A single token's gradient is 0, up to the rounding of its coefficients.
      if count == 1 {
        #expect(abs(gradient[0, 0]) < 3e-7)
      } else {
        #expect(error < 1e-4, "dEntropy \(h)")
      }
      #expect(gradient.paddingIsZero)
    }
  }

  @Test func backwardOverwritesAndMayWorkInPlace() {
    let targets: [(index: Int, coefficient: Float)] = [(3, 1), (20, -2)]
    let apart = backward(logits(21), 0.7, targets, 0.4, inPlace: false)
    let inPlace = backward(logits(21), 0.7, targets, 0.4, inPlace: true)
    #expect(bitDifference(apart.values, inPlace.values) == nil)
  }

  @Test func drawsFollowTheDistribution() {
    let logits = logits(21, scale: 1.5)
    let exponentials = Matrix(rows: 1, columns: 21)
    let s = Softmax.forward(
      exponentials, .init(Matrix(logits, columns: 21), row: 0, count: 21), temperature: 0.8)
    var counts = [Int](repeating: 0, count: 21)
    let key = RandomKey(seed: 3, purpose: .sampling)
    for i in 0..<20_000 {
      let uniform = key.uniform(step: 0, row: 0, sample: 0, position: i)
      counts[Softmax.draw(s, uniform: uniform)] += 1
    }
    let p = reference(logits.doubles, 0.8).map { exp($0) }
    let (statistic, bound) = chiSquared(counts, probabilities: p)
    #expect(statistic < bound)
  }

  @Test(arguments: counts, temperatures) func tangentMatchesDifferencesAndTheTranspose(
    count: Int, temperature: Float
  ) {
    let logits = logits(count, scale: 2)
    var rng = SplitMix64(seed: 12)
    let t: [Float] = .uniform(count, using: &rng)
    let dy: [Float] = .uniform(count, using: &rng)
    let d = Softmax.forward(
      Matrix(rows: 1, columns: count), .init(Matrix(logits, columns: count), row: 0, count: count),
      temperature: temperature)
    let tangent = Matrix(t, columns: count)
    Softmax.tangent(tangent, tlogits: .init(tangent, row: 0, count: count), of: d)
    let differences = tangentError(
      of: { reference($0, Double(temperature)) }, at: logits, along: t, tangent: tangent.values)
    #expect(differences < 1e-6)
    #expect(tangent.paddingIsZero)
    let gradient = backward(
      logits, temperature, dy.enumerated().map { ($0.offset, $0.element) }, 0, inPlace: false)
    let transpose = transposeError(
      dy: dy, tangent: tangent.values, gradient: gradient.values, along: t)
    // The gradient at a token takes Σ dy, of up to 20 here, times p from one coefficient.
    #expect(transpose < 1e-5)
  }

  /// (diag p − p pᵀ)/T², written out.
  @Test(arguments: counts, temperatures) func fisherMatchesTheDenseMatrix(
    count: Int, temperature: Float
  ) {
    let logits = logits(count, scale: 2)
    var rng = SplitMix64(seed: 13)
    let t: [Float] = .uniform(count, using: &rng)
    let d = Softmax.forward(
      Matrix(rows: 1, columns: count), .init(Matrix(logits, columns: count), row: 0, count: count),
      temperature: temperature)
    let product = Matrix(t, columns: count)
    Softmax.tangent(product, tlogits: .init(product, row: 0, count: count), of: d)
    Softmax.fisher(product, tlogProbs: product, of: d, weight: 0.3)
    let p = reference(logits.doubles, Double(temperature)).map { exp($0) }
    let mean = zip(p, t).reduce(0) { $0 + $1.0 * Double($1.1) }
    let scale = 0.3 / Double(temperature) / Double(temperature)
    let expected = zip(p, t).map { scale * $0 * (Double($1) - mean) }
    let largest = expected.reduce(1e-6) { max($0, abs($1)) }
    for (found, expected) in zip(product.values, expected) {
      #expect(abs(Double(found) - expected) < 1e-6 * max(largest, 0.1))
    }
    #expect(product.paddingIsZero)
  }

  /// A support's gathered tangents may have anything behind them.
  @Test func tangentsPastTheCountDoNotMatter() {
    var rng = SplitMix64(seed: 14)
    let t: [Float] = .uniform(21, using: &rng)
    var found: [[Float]] = []
    for stale: Float in [0, 1e9, .nan] {
      let d = Softmax.forward(
        Matrix(rows: 1, columns: 40), .init(Matrix(logits(40), columns: 40), row: 0, count: 21),
        temperature: 0.7)
      let tlogits = Matrix(t + .init(repeating: stale, count: 19), columns: 40)
      Softmax.tangent(tlogits, tlogits: .init(tlogits, row: 0, count: 21), of: d)
      found.append(Array(tlogits.values[..<32]))
      #expect(found[0] == found.last)
      #expect(tlogits.values[21..<32].allSatisfy { $0 == 0 })
    }
  }
}

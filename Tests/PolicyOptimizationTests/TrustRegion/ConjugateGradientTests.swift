import PolicyOptimization
import Testing

@Suite struct ConjugateGradientTests {
  static let matrix: [[Double]] = [[4, 1, 0], [1, 3, -1], [0, -1, 2]]

  static func times(_ matrix: [[Double]]) -> ([Double]) -> [Double] {
    { v in matrix.map { row in zip(row, v).reduce(0) { $0 + $1.0 * $1.1 } } }
  }

  // A·(1, −2, 3) = (2, −8, 8).
  @Test func solvesInAsManyIterationsAsThereAreEigenvalues() {
    let solution = ConjugateGradient().solve([2, -8, 8], product: Self.times(Self.matrix))
    #expect(solution.iterations == 3)
    #expect(isClose(solution.x, [1, -2, 3], within: 1e-14) && solution.residualNorm < 1e-13)
    let identity = ConjugateGradient().solve([2, -8, 8]) { $0 }
    #expect(identity.iterations == 1 && identity.x == [2, -8, 8])
  }

  // (A + ½)·(1, −2, 3) = (2.5, −9, 9.5).
  @Test func dampingIsAddedToTheDiagonal() {
    let solution = ConjugateGradient(damping: 0.5)
      .solve([2.5, -9, 9.5], product: Self.times(Self.matrix))
    #expect(isClose(solution.x, [1, -2, 3], within: 1e-14))
  }

  @Test func theReportedResidualIsTheResidual() {
    for iterations in [1, 2] {
      let b = [2.0, -8, 8]
      let solution = ConjugateGradient(maximumIterations: iterations)
        .solve(b, product: Self.times(Self.matrix))
      let image = Self.times(Self.matrix)(solution.x)
      let norm = zip(b, image).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
      #expect(solution.iterations == iterations)
      #expect(abs(norm - solution.residualNorm) < 1e-13 && norm > 0.1)
    }
  }

  @Test func aLooseToleranceEndsEarlier() {
    let solution = ConjugateGradient(tolerance: 0.5)
      .solve([2, -8, 8], product: Self.times(Self.matrix))
    #expect(solution.iterations < 3)
    #expect(solution.residualNorm <= 0.5 * (4.0 + 64 + 64).squareRoot())
  }

  @Test func zeroNeedsNoProduct() {
    let solution = ConjugateGradient().solve([0, 0]) { _ in
      Issue.record("a product")
      return [0, 0]
    }
    #expect(solution.x == [0, 0] && solution.iterations == 0)
  }

  /// A singular A, an indefinite one, and one that overflows: the x before is what remains.
  @Test(arguments: [0.0, -1, .nan, .infinity])
  func aDirectionWithoutCurvatureEndsTheSearch(eigenvalue: Double) {
    let solution = ConjugateGradient().solve([1, 1]) { $0.map { $0 * eigenvalue } }
    #expect(solution.x == [0, 0] && solution.iterations == 1)
    let damped = ConjugateGradient(damping: 2).solve([1, 1]) { $0.map { _ in 0 } }
    #expect(damped.x == [0.5, 0.5])
  }
}

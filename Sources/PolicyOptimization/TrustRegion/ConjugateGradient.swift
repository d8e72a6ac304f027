/// Solves A·x = b for a symmetric positive definite A that is known by its products only.
///
///     x ≈ (A + damping·1)⁻¹·b
///
/// Hestenes and Stiefel 1952; in Schulman et al. 2015 (TRPO), appendix C
/// (<https://arxiv.org/abs/1502.05477>), A is the Fisher matrix, damped so that directions in which
/// few tokens had a say do not blow up. In exact arithmetic as many iterations as A has distinct
/// eigenvalues give the solution.
public struct ConjugateGradient: Sendable, Equatable {
  /// What is added to the diagonal of A, ≥ 0; TRPO's implementations use 0.1 or less.
  public var damping: Double
  /// The most products with A, ≥ 1; usually 10.
  public var maximumIterations: Int
  /// The search ends when ‖b − A·x‖ ≤ tolerance·‖b‖; ≥ 0.
  public var tolerance: Double

  /// Creates a solver.
  ///
  /// - Precondition: `damping` and `tolerance` are finite and at least 0, `maximumIterations` is at
  ///   least 1.
  public init(damping: Double = 0, maximumIterations: Int = 10, tolerance: Double = 1e-10) {
    precondition(damping >= 0 && damping.isFinite && maximumIterations >= 1)
    precondition(tolerance >= 0 && tolerance.isFinite)
    (self.damping, self.maximumIterations, self.tolerance) = (damping, maximumIterations, tolerance)
  }

  /// x, and how well it solves the equation.
  public struct Solution: Sendable, Equatable {
    /// The solution x.
    ///
    /// Shape: as b.
    public var x: [Double]
    /// How many products with A were computed.
    public var iterations: Int
    /// ‖b − (A + damping·1)·x‖, as the recursion has it.
    public var residualNorm: Double
  }

  /// Solves for one right-hand side; `product` answers with A·v.
  ///
  /// Edge cases: b = 0 gives x = 0 without a product. A direction v with vᵀ(A + damping·1)v ≤ 0, or
  /// one that is not finite, ends the search at the x before it: A is not positive definite there.
  public func solve(
    _ b: [Double], product: (_ v: [Double]) throws -> [Double]
  ) rethrows -> Solution {
    var solution = Solution(x: b.map { _ in 0 }, iterations: 0, residualNorm: 0)
    var residual = b
    var direction = b
    var squaredNorm = dotProduct(b, b)
    let goal = tolerance * squaredNorm.squareRoot()
    while squaredNorm.squareRoot() > goal && solution.iterations < maximumIterations {
      var image = try product(direction)
      precondition(image.count == b.count, "a product has the shape of its vector")
      for i in image.indices { image[i] += damping * direction[i] }
      solution.iterations += 1
      let curvature = dotProduct(direction, image)
      guard curvature > 0 && curvature.isFinite else { break }
      let step = squaredNorm / curvature
      for i in b.indices {
        solution.x[i] += step * direction[i]
        residual[i] -= step * image[i]
      }
      let next = dotProduct(residual, residual)
      for i in b.indices { direction[i] = residual[i] + next / squaredNorm * direction[i] }
      squaredNorm = next
    }
    solution.residualNorm = squaredNorm.squareRoot()
    return solution
  }
}

/// Σ aᵢ·bᵢ, in order.
func dotProduct(_ a: [Double], _ b: [Double]) -> Double {
  precondition(a.count == b.count)
  return zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
}

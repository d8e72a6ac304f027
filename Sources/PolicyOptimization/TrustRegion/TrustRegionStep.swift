/// The step of steepest ascent within a trust region, in closed form.
///
///     maximize gᵀδ subject to δᵀFδ ≤ ε:    δ = √(ε / gᵀx)·x,   x = F⁻¹·g
///     with ½·δᵀFδ ≤ ε:                     δ = √(2ε / gᵀx)·x
///
/// By the KKT conditions. F is the Fisher matrix, and ½·δᵀFδ the second-order approximation of the
/// KL divergence: Schulman et al. 2015 (TRPO), appendix C (<https://arxiv.org/abs/1502.05477>).
/// Lectures also print the bound without the ½, which makes the step shorter by √2.
public struct TrustRegionStep: Sendable, Equatable {
  /// Which form is bounded.
  public enum Constraint: String, Sendable, CaseIterable {
    /// ½·δᵀF̄δ ≤ ε with the mean Fisher matrix F̄ of a token: the second-order KL of a token.
    case halfQuadraticForm = "half-mean"
    /// δᵀFδ ≤ ε with the sum over tokens: as lectures print it.
    case quadraticForm = "sum"
  }

  /// ε > 0, in nats; usually 0.001 to 0.1.
  public var bound: Double
  /// Which quadratic form ε bounds.
  public var constraint: Constraint

  /// Creates the step.
  ///
  /// - Precondition: `bound` is positive and finite.
  public init(bound: Double, constraint: Constraint = .halfQuadraticForm) {
    precondition(bound > 0 && bound.isFinite)
    self.bound = bound
    self.constraint = constraint
  }

  /// δ for the gradient g of what is maximized and x = F⁻¹·g.
  ///
  /// nil where gᵀx is not positive or not finite, so there is no direction of ascent: g = 0, or an
  /// x that does not solve F·x = g for a positive definite F.
  ///
  /// Shapes: gradient, direction: alike.
  public func callAsFunction(gradient: [Double], direction: [Double]) -> [Double]? {
    let decrement = dotProduct(gradient, direction)
    guard decrement > 0 && decrement.isFinite else { return nil }
    let limit =
      switch constraint {
      case .quadraticForm: bound
      case .halfQuadraticForm: 2 * bound
      }
    let scale = (limit / decrement).squareRoot()
    return direction.map { scale * $0 }
  }
}

/// The derivative of an objective with respect to what the heads say of every completion token, in
/// canonical order; nil where it does not depend on it.
package struct TokenGradient: Sendable {
  package var dLogProb: [Float]?
  package var dEntropy: [Float]?
  package var dKLOld: [Float]?
  package var dKLReference: [Float]?
  package var dValue: [Float]?

  package init(
    dLogProb: [Float]? = nil, dEntropy: [Float]? = nil, dKLOld: [Float]? = nil,
    dKLReference: [Float]? = nil, dValue: [Float]? = nil
  ) {
    (self.dLogProb, self.dEntropy, self.dValue) = (dLogProb, dEntropy, dValue)
    (self.dKLOld, self.dKLReference) = (dKLOld, dKLReference)
  }

  private var all: [[Float]?] { [dLogProb, dEntropy, dKLOld, dKLReference, dValue] }

  /// Whether it has as many coefficients of each kind.
  func holds(_ count: Int) -> Bool { all.allSatisfy { $0 == nil || $0?.count == count } }

  /// Whether the logits matter, or the values alone.
  var needsLogits: Bool { all.dropLast().contains { $0 != nil } }

  /// The coefficients of some tokens.
  func selecting(_ tokens: [Int]) -> TokenGradient {
    func own(_ coefficients: [Float]) -> [Float] { tokens.map { coefficients[$0] } }
    return TokenGradient(
      dLogProb: dLogProb.map(own), dEntropy: dEntropy.map(own), dKLOld: dKLOld.map(own),
      dKLReference: dKLReference.map(own), dValue: dValue.map(own))
  }
}

internal import Kernels

/// Activations that a pass left in memory, and what they are of.
///
/// The memory is filled again by whoever needs it next, and the parameters move. Both carry a number
/// that every change replaces by another, and the two are remembered here: who holds this need not
/// know what has happened since, and asks when it would spare itself a pass.
package struct Kept {
  private let activations: Activations
  private let filling: Int
  private let parameters: FloatBuffer
  private let write: Int

  /// What `a` holds now, computed under `p` as it is now.
  package init(_ a: Activations, of p: Parameters) {
    (activations, filling) = (a, a.filling)
    (parameters, write) = (p.buffer, p.buffer.lastWrite)
  }

  /// The activations, if they still hold what they held and `p` is what it was; nil: they must be
  /// computed again.
  package func activations(under p: Parameters) -> Activations? {
    let holds =
      activations.filling == filling && p.buffer === parameters
      && parameters.lastWrite == write
    return holds ? activations : nil
  }
}

internal import Kernels

/// The memory of an engine within its budget, kept from call to call.
package final class EngineMemory {
  private let configuration: ModelConfiguration
  private let workers: Int
  private let budget: Int
  private var activations: [Activations.Retention: Activations] = [:]
  private var backward: BackwardWorkspace?
  private var head: HeadWorkspace?

  /// - Parameter budget: Bytes for activations and their gradients.
  init(_ configuration: ModelConfiguration, workers: Int, budget: Int) {
    (self.configuration, self.workers, self.budget) = (configuration, workers, budget)
  }

  /// Whether `rows` rows can be kept for a backward pass.
  package func canKeep(rows: Int) -> Bool { rows <= rowLimit(.everything) }

  /// Whether keys and values of `rows` rows fit.
  package func canHold(rows: Int) -> Bool { rows <= rowLimit(.keysAndValues) }

  func rowLimit(_ retention: Activations.Retention) -> Int {
    var bytes = Activations.bytesPerRow(configuration, retention)
    if retention == .everything { bytes += BackwardWorkspace.bytesPerRow(configuration) }
    return budget / bytes
  }

  /// Empty activations for `rows` rows of sequences up to `longest`.
  package func activations(
    _ retention: Activations.Retention, rows: Int, longest: Int
  ) -> Activations {
    if let made = activations[retention], made.rowCapacity >= rows, made.maximumLength >= longest {
      made.removeAll()
      return made
    }
    let made = Activations(
      configuration, rowCapacity: rows.roundedUp(to: 64),
      maximumLength: min(longest.roundedUp(to: 16), configuration.maximumPositions),
      retention: retention)
    activations[retention] = made
    return made
  }

  /// For a backward pass over `rows` rows.
  func backwardWorkspace(_ p: Parameters, rows: Int) -> BackwardWorkspace {
    if let backward, backward.rowCapacity >= rows { return backward }
    let made = BackwardWorkspace(p, rowCapacity: rows.roundedUp(to: 64), workers: workers)
    backward = made
    return made
  }

  func headWorkspace(_ p: Parameters) -> HeadWorkspace {
    let made = head ?? HeadWorkspace(p, workers: workers)
    head = made
    return made
  }
}

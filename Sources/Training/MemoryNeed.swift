internal import Kernels
package import LanguageModel

/// The memory that a run cannot do without.
///
///     bytes = 4·P·(policy, reference, gradient, the update's state, …) + one question's rows
///
/// for P numbers of a policy. What a run takes beside that is within the recipe's budgets, or small.
/// In floating point: sizes that a recipe may claim go beyond whole numbers.
package struct MemoryNeed {
  package let bytes: Double

  package init(_ recipe: Recipe, _ configuration: ModelConfiguration) {
    let parameters = 4 * Double(ParameterLayout(configuration).count)
    guard let train = recipe.train else {
      // Of the warm start: policy, reference, gradient and Adam's moments.
      bytes = 5 * parameters
      return
    }
    let settings = train.settings(seed: recipe.seed)
    var copies = 5.0
    if settings.divergenceFromOld != nil { copies += 1 }
    if let value = settings.value, !value.isOnPolicy { copies += 4 }
    if recipe.rewardModel != nil { copies += 4 }
    // Sampling holds the rows of one question at least: BOS and a token, and its completions.
    let room = min(train.maxCompletionTokens, configuration.maximumPositions - 2)
    let rows = 2 + Double(train.completionsPerQuestion) * Double(max(room, 1))
    bytes =
      copies * parameters
      + rows * Double(Activations.bytesPerRow(configuration, .keysAndValues))
  }

  /// - Throws: `TrainingError.tooLarge` where there is less than is needed.
  package func check(available: Int? = MachineMemory.available) throws(TrainingError) {
    guard let available, bytes > Double(available) else { return }
    throw .tooLarge(bytes: bytes, available: available)
  }
}

import LanguageModel
import Testing

@Suite struct EngineMemoryTests {
  private let c = TinyPolicy.configuration(tied: true)

  private func memory(bytes: Int) -> EngineMemory {
    TinyPolicy.engine(c, activationBytes: bytes).memory
  }

  @Test func asManyRowsAreHeldAsFit() {
    let row = Activations.bytesPerRow(c, .keysAndValues)
    let memory = memory(bytes: 10 * row)
    #expect(memory.canHold(rows: 10) && !memory.canHold(rows: 11))
    #expect(!self.memory(bytes: 10 * row - 1).canHold(rows: 10))
  }

  /// What is kept for a backward pass needs room for its gradients, too.
  @Test func asManyRowsAreKeptAsFitWithTheirGradients() {
    let row = Activations.bytesPerRow(c, .everything) + BackwardWorkspace.bytesPerRow(c)
    let memory = memory(bytes: 10 * row)
    #expect(memory.canKeep(rows: 10) && !memory.canKeep(rows: 11))
  }

  @Test func activationsAreEmptiedAndGivenAgain() {
    let memory = memory(bytes: 0)
    let made = memory.activations(.keysAndValues, rows: 10, longest: 5)
    // Rounded up to 64 rows and 16 positions.
    #expect(made.rowCapacity == 64 && made.maximumLength == 16)
    made.appendGroup(prompt: [1, 2], completions: 1)
    #expect(memory.activations(.keysAndValues, rows: 64, longest: 16) === made)
    #expect(made.rowCount == 0)
    #expect(memory.activations(.everything, rows: 10, longest: 5) !== made)
    #expect(memory.activations(.keysAndValues, rows: 10, longest: 5) === made)
  }

  @Test func whatIsTooSmallIsMadeAnew() {
    let memory = memory(bytes: 0)
    let made = memory.activations(.keysAndValues, rows: 10, longest: 5)
    let higher = memory.activations(.keysAndValues, rows: 65, longest: 5)
    #expect(higher !== made && higher.rowCapacity == 128)
    let longer = memory.activations(.keysAndValues, rows: 65, longest: 60)
    // The model has no more positions than 64.
    #expect(longer !== higher && longer.maximumLength == 64)
  }
}

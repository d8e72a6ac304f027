import LanguageModel
import Testing

@Suite struct ActivationsTests {
  private func activations(_ retention: Activations.Retention = .keysAndValues) -> Activations {
    Activations(
      TinyPolicy.configuration(tied: true), rowCapacity: 30, maximumLength: 16,
      retention: retention)
  }

  @Test func canonicalOrderDoesNotDependOnTheOrderOfStorage() {
    let a = activations()
    let first = a.appendGroup(prompt: [1, 2], completions: 2)
    let second = a.appendGroup(prompt: [3], completions: 1)
    // Rows 0–2 are prompts; completions advance in turn.
    for (token, sequence) in [
      (10, first.completions.lowerBound), (20, first.completions.lowerBound + 1),
      (30, second.completions.lowerBound), (11, first.completions.lowerBound),
      (31, second.completions.lowerBound),
    ] { a.append(token, to: sequence) }
    let order = a.canonicalOrder()
    #expect(order.rows.map { a.tokens[Int($0)] } == [1, 2, 10, 11, 20, 3, 30, 31])
    #expect(order.groups == [0..<5, 5..<8])
  }

  @Test func aCompletionBeginsWithItsPromptsRows() {
    let a = activations()
    let group = a.appendGroup(prompt: [1, 2, 3], completions: 2)
    a.append(4, to: group.completions.lowerBound + 1)
    for sequence in group.completions {
      #expect((0..<3).map { a.row(of: sequence, at: $0) } == [0, 1, 2])
    }
    #expect(a.row(of: group.completions.lowerBound + 1, at: 3) == 3)
    #expect(a.length(of: group.completions.lowerBound) == 3)
    #expect(a.length(of: group.completions.lowerBound + 1) == 4)
    #expect(a.rowCount == 4)
  }

  @Test func nothingIsLeftAfterRemovingAll() {
    let a = activations()
    a.appendGroup(prompt: [1, 2, 3], completions: 2)
    a.removeAll()
    #expect(a.rowCount == 0 && a.groups.isEmpty)
    #expect(a.canonicalOrder().rows.isEmpty)
    a.appendGroup(prompt: [7], completions: 0)
    #expect(a.row(of: 0, at: 0) == 0 && a.tokens == [7])
  }

  /// Keeping everything takes the other buffers once more for every further layer.
  @Test func bytesPerRowCountTheBuffers() {
    let c = TinyPolicy.configuration(tied: true)
    let keysAndValues = 3 * 2 * 20
    let rest = 2 * 36 + 2 * 60 + 2 * 6 + 2 * 52 + 2
    #expect(Activations.bytesPerRow(c, .keysAndValues) == 4 * (keysAndValues + rest))
    #expect(Activations.bytesPerRow(c, .everything) == 4 * (keysAndValues + 3 * rest + 36))
  }
}

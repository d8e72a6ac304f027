import LanguageModel
import Testing

@Suite struct MicroBatchesTests {
  private let p = TinyPolicy.parameters(TinyPolicy.configuration(tied: true))
  /// Of 5, 4 and 4 rows, of which 3, 3 and 1 predict the tokens 0 to 3, 4 to 6, and 7.
  private let batch = TinyPolicy.batch([[3, 2, 2], [2, 3], [4, 1]])

  private struct Seen: Equatable {
    var rows: Int
    var tokens: [Int]
    var firstRow: Int
    var isLast: Bool
  }

  private func microBatches(rows: Int) -> [Seen] {
    let engine = TinyPolicy.engine(
      p.configuration,
      activationBytes: rows * Activations.bytesPerRow(p.configuration, .keysAndValues))
    var seen: [Seen] = []
    engine.forEachMicroBatch(p, batch, .keysAndValues, kept: nil) {
      seen.append(
        Seen(
          rows: $0.activations.rowCount, tokens: $0.tokens, firstRow: $0.firstRow,
          isLast: $0.isLast))
    }
    return seen
  }

  /// A prompt's last row predicts the first token of every completion.
  @Test func asManyQuestionsGoTogetherAsFit() {
    let second = Seen(rows: 4, tokens: [7], firstRow: 6, isLast: true)
    for rows in [9, 12] {
      let first = Seen(rows: 9, tokens: [0, 2, 1, 3, 4, 5, 6], firstRow: 0, isLast: false)
      #expect(microBatches(rows: rows) == [first, second])
    }
  }

  @Test func aQuestionIsNeverParted() {
    let expected = [
      Seen(rows: 5, tokens: [0, 2, 1, 3], firstRow: 0, isLast: false),
      Seen(rows: 4, tokens: [4, 5, 6], firstRow: 3, isLast: false),
      Seen(rows: 4, tokens: [7], firstRow: 6, isLast: true),
    ]
    for rows in [0, 7] { #expect(microBatches(rows: rows) == expected) }
  }

  @Test func whatWasKeptIsOneMicroBatch() throws {
    let engine = TinyPolicy.engine(p.configuration)
    let kept = try #require(engine.forward(p, batch, temperature: 1, keep: true).kept)
    let held = try #require(kept.activations(under: p))
    var tokens: [[Int]] = []
    engine.forEachMicroBatch(p, batch, .everything, kept: kept) {
      #expect($0.activations === held && $0.isLast)
      tokens.append($0.tokens)
    }
    #expect(tokens == [[0, 2, 1, 3, 4, 5, 6, 7]])
  }
}

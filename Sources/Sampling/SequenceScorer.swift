internal import LanguageModel

/// Computes the log-prob of every token of whole sequences of ids; no tokenizer is needed.
public struct SequenceScorer {
  /// The log-probs and entropies of one sequence.
  ///
  /// Shapes: logProbs, entropies: [ids].
  public struct Scores: Sendable {
    /// log p of each id given those before it, in nats; nil for the first.
    public var logProbs: [Float?]
    /// Entropy of the distribution after each id, in nats.
    public var entropies: [Float]
  }

  private let model: Model
  private let engine: Engine

  /// Reads a model directory; it may lack `tokenizer.model`.
  ///
  /// - Parameter threads: How many threads compute; results do not depend on it.
  /// - Throws: `FormatError`, which names the file.
  public init(directory: String, threads: Int = 1) throws {
    model = try ModelDirectory.load(directory)
    engine = Engine(model.configuration, threads: threads)
  }

  /// The ids that a sequence may contain.
  public var vocabulary: Range<Int> { 0..<model.configuration.vocabularySize }

  /// The most ids of a sequence.
  public var context: Int { model.configuration.maximumPositions }

  /// Calls `body` with the scores of each sequence, in order.
  ///
  /// - Parameter sequences: Ids of the vocabulary, at least one and at most the context's length.
  /// - Throws: `SamplingError` for logits that are not finite, and what `body` throws.
  public func score(_ sequences: [[Int]], _ body: (Scores) throws -> Void) throws {
    for range in sequences.runs(of: TextSampler.rowsAtOnce, weighing: \.count) {
      for (index, scores) in zip(range, scores(of: sequences[range])) {
        guard scores.entropies.allSatisfy(\.isFinite) else {
          throw SamplingError.sequenceNotFinite(number: index + 1)
        }
        try body(scores)
      }
    }
  }

  private func scores(of sequences: ArraySlice<[Int]>) -> [Scores] {
    let a = engine.memory.activations(
      .keysAndValues, rows: sequences.reduce(0) { $0 + $1.count },
      longest: sequences.map(\.count).max() ?? 1)
    var predictions = Predictions()
    for ids in sequences {
      let sequence = a.appendGroup(prompt: ids, completions: 0).prompt
      for position in ids.indices {
        // Nothing follows the last id; any token does for its row, which is needed for the entropy.
        let next = position + 1 < ids.count ? ids[position + 1] : 0
        predictions.append(
          row: a.row(of: sequence, at: position), tokens: [Int32(next)], support: nil)
      }
    }
    engine.transformer.forward(model.parameters, a, from: 0)
    let found = engine.head.scores(model.parameters, a, predictions, temperature: 1)
    var start = 0
    return sequences.map { ids in
      let own = start..<start + ids.count
      start = own.upperBound
      return Scores(
        logProbs: [nil] + found.logProbs[own].dropLast().map { $0 },
        entropies: Array(found.entropies[own]))
    }
  }
}

import Evaluation
import Formats
import Kernels
import LanguageModel

/// What a model says about every token of whole sequences.
struct SequenceScorer {
  struct Scores {
    /// log p of each id after those before it; the first has none.
    var logProbs: [Float?]
    /// Entropy of the distribution after each id, in nats.
    var entropies: [Float]

    var encoded: JSONObject {
      [
        "token_logprobs": .array(logProbs.map { $0.map { .number(Double($0)) } ?? .null }),
        "entropies": .array(entropies.map { .number(Double($0)) }),
      ]
    }
  }

  private let policy: Policy
  private let engine: Engine

  init(_ policy: Policy) {
    self.policy = policy
    engine = policy.engine()
  }

  /// Calls `body` with the scores of each sequence, in order.
  ///
  /// - Parameter sequences: Ids of the vocabulary, at least one and at most the context's length.
  /// - Throws: a `Failure` for numbers that are not finite, and what `body` throws.
  func score(_ sequences: [[Int]], _ body: (Scores) throws -> Void) throws {
    var first = 0
    while first < sequences.count {
      var (last, rows) = (first, 0)
      repeat {
        rows += sequences[last].count
        last += 1
      } while last < sequences.count && rows + sequences[last].count <= Policy.rowsAtOnce
      for (index, scores) in scores(of: sequences[first..<last], rows: rows).enumerated() {
        guard scores.entropies.allSatisfy(\.isFinite) else {
          throw Failure(
            .numerics, "sequence \(first + index + 1): the logits are not finite",
            help: "the model's weights overflow; look at how they were trained")
        }
        try body(scores)
      }
      first = last
    }
  }

  private func scores(of sequences: ArraySlice<[Int]>, rows: Int) -> [Scores] {
    let a = engine.activations(
      .keysAndValues, rows: rows, longest: sequences.map(\.count).max() ?? 1)
    var predictions = Predictions()
    for ids in sequences {
      let sequence = a.appendGroup(prompt: ids, completions: 0).prompt
      for position in ids.indices {
        // Nothing follows the last id; its row is asked for some token, for the entropy's sake.
        let next = position + 1 < ids.count ? ids[position + 1] : 0
        predictions.append(
          row: a.row(of: sequence, at: position), tokens: [Int32(next)], support: nil)
      }
    }
    engine.transformer.forward(policy.parameters, a, from: 0)
    let (logProbs, entropies) = engine.head.logProbs(
      policy.parameters, a, predictions, temperature: 1)
    var start = 0
    return sequences.map { ids in
      let own = start..<start + ids.count
      start = own.upperBound
      return Scores(
        logProbs: [nil] + logProbs[own].dropLast().map { $0 }, entropies: Array(entropies[own]))
    }
  }
}

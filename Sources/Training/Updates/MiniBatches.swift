internal import Datasets
internal import LanguageModel

/// The questions of a step, dealt out at random to mini-batches; the completions of one stay
/// together.
enum MiniBatches {
  /// The part of a step that one update is made on.
  struct Part {
    let batch: TokenBatch
    /// By their numbers in the step, ascending.
    let completions: [Int]
  }

  /// As many parts as asked for, each of one question at least.
  static func dealt(
    _ batch: TokenBatch, to count: Int, seed: UInt64, step: Int
  ) -> [Part] {
    let questions = batch.questions.count
    precondition(1 <= count && count <= questions)
    var firsts = [0]
    for question in batch.questions {
      firsts.append(firsts[firsts.count - 1] + question.completions.count)
    }
    let dealt = DataOrder(count: questions, seed: seed, stream: .miniBatches)
      .rows(step: step, count: questions)
    return (0..<count).map { part in
      let own = stride(from: part, to: questions, by: count).map { dealt[$0] }.sorted()
      return Part(
        batch: TokenBatch(own.map { batch.questions[$0] }),
        completions: own.flatMap { firsts[$0]..<firsts[$0 + 1] })
    }
  }
}

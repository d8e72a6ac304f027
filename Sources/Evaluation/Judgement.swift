package import Datasets
package import Rewards

/// One completion of a question and what was made of it.
package struct Judgement {
  package var question: Question
  /// The number of the sample, from 1; 0 for the greedy completion.
  package var sample: Int
  package var completion: Completion
  /// The answer that the reward finds in it; nil where it finds or compares none.
  package var extracted: String?
  /// Nil where the reward does not apply, or failed.
  package var reward: Double?
  /// Why the reward failed; nil where it did not.
  package var failure: String?

  package var isCorrect: Bool { Correctness.isCorrect(reward) }
}

extension Recipe {
  /// How the policy is judged on the held-out questions: `evaluation`.
  ///
  /// Every question is answered once greedily, and `samples` times by drawing.
  public struct Evaluation: Sendable, Equatable {
    /// Steps of training between two evaluations: `every`.
    ///
    /// By default the policy is judged before and after training only.
    public var every: Int?
    /// Completions drawn for each question: `samples`.
    public var samples = 8
    /// The k of pass@k and maj@k, at most `samples` each: `k`.
    ///
    /// The estimate of pass@k is unbiased for any k up to `samples`, and sharper the more samples
    /// there are.
    public var k = [1]
    /// Temperature of the drawn completions: `temperature`.
    public var temperature = 1.0
    /// At most so many questions, from the beginning of `data.test`: `questions`.
    ///
    /// By default all.
    public var questions: Int?

    /// Creates an evaluation with every key at its default: greedy completions alone.
    public init() {}
  }
}

extension Recipe.Evaluation: Section {
  mutating func declare(_ fields: Fields) {
    fields(
      "every", &every, .integer(1...), "Training steps between two evaluations.",
      default: "before and after training only", also: ["eval_steps"])
    fields(
      "samples", &samples, .integer(1...1024),
      "Completions sampled per question. More samples make pass@k more precise.")
    fields(
      "k", &k, .list(of: .integer(1...65536), count: 1...64),
      "The k of pass@k and maj@k; each at most samples.")
    fields(
      "temperature", &temperature, .temperature, "The temperature of the sampled completions.")
    fields(
      "questions", &questions, .integer(1...), "Uses only the first so many rows of data.test.",
      default: "all")
    guard fields.isSound else { return }
    if let large = k.firstIndex(where: { $0 > samples }) {
      fields.fail(
        "k.\(large)", "is more than the samples (got \(k[large]); need at most \(samples))")
    }
    if Set(k).count < k.count {
      fields.fail("k", "contains a value twice (got \(k.map(String.init).joined(separator: ", ")))")
    }
  }
}

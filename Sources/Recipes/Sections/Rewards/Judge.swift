extension Recipe {
  /// A reward model that scores completions.
  public struct Judge: Sendable, Equatable {
    /// What the model reads.
    public enum Style: String, Sendable, CaseIterable {
      /// The beginning of sequence, prompt and completion, encoded apart, and the end of sequence
      /// behind a completion that has ended: what `grpo reward train` and TRL's `RewardTrainer`
      /// train on.
      case grpo
      /// Prompt and completion encoded as one text, without special tokens: what TRL's `GRPOTrainer`
      /// gives a reward model.
      case trl
    }

    /// The model's directory, a `LlamaForSequenceClassification` with its `tokenizer.model`: `model`.
    ///
    /// Required.
    public var directory = ""
    /// What the model reads: `style`.
    public var style = Style.grpo
    /// Whether the end of sequence stands behind a completion that has ended, as where the model was
    /// trained, for `style: grpo`: `append_eos`.
    ///
    /// A model that pads with its end of sequence never reads it.
    public var appendsEOS = true

    /// Creates a judge with every key at its default; the directory must be set.
    public init() {}

    var defaultLabel: String { String(directory.split(separator: "/").last ?? "model") }
  }
}

extension Recipe.Judge: Keyed {
  mutating func declare(_ fields: Fields) {
    fields(
      "model", &directory, .path,
      "The directory of a reward model: a LlamaForSequenceClassification with its tokenizer.model.",
      .required)
    fields(
      "style", &style, .choice,
      "What the model reads: `grpo`, as `grpo reward train` and TRL's RewardTrainer train it, or "
        + "`trl`, prompt and completion as one text without special tokens, as TRL's GRPOTrainer.")
    fields(
      "append_eos", &appendsEOS, .flag,
      "Whether the end-of-sequence token follows a completion that has ended, as in the model's "
        + "training.", when: .key("style", style, is: .grpo))
  }
}

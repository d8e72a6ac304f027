extension Recipe {
  /// Questions as rows of JSON Lines, JSON, CSV or TSV, two of whose columns have names that the
  /// program must know.
  public struct Data: Sendable, Equatable {
    /// The file of questions to learn from.
    ///
    /// Required.
    public var train = ""
    /// The file of questions held out for evaluation; nil if there are none.
    public var test: String?
    /// The column with the question.
    ///
    /// `question` stands for `prompt` in a file that has this column only.
    public var question = "question"
    /// The column with the answer, which rows may lack where nothing uses it.
    ///
    /// Rewards may use any others as well. A name with points leads into objects:
    /// `reward_model.ground_truth`, as verl has it.
    public var answer = "answer"

    /// Creates a data section with every key at its default; `train` must be set.
    public init() {}
  }
}

extension Recipe.Data: Section {
  mutating func declare(_ fields: Fields) {
    fields(
      "train", &train, .path, "The file of training questions: JSON Lines, JSON, CSV or TSV.",
      .required, also: ["dataset_name"])
    fields(
      "test", &test, .path, "The file of held-out questions, for evaluation.", default: "none")
    fields(
      "question", &question, .text,
      "The column with the question. `question` also reads a column called prompt where that is "
        + "the only one of the two.")
    fields(
      "answer", &answer, .text,
      "The column with the answer; rows may lack it where nothing uses it. Dots lead into objects: "
        + "`reward_model.ground_truth`. Rewards may use any other column, too.")
  }
}

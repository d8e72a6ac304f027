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

    public init() {}
  }
}

extension Recipe.Data: Section {
  mutating func declare(_ fields: Fields) {
    fields("train", &train, .path, .required)
    fields("test", &test, .path)
    fields("question", &question, .text)
    fields("answer", &answer, .text)
  }
}

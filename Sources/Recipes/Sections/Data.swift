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

  /// Where token ids come from.
  public enum Tokenizer: Sendable, Equatable {
    /// A new one, trained on `data.train`: `vocab_size`.
    ///
    /// The size is a ceiling of 260 to 262,144; a small corpus gives fewer pieces. 512 suits
    /// arithmetic, thousands suit prose. 32016 and 49152 are refused: other programs take any
    /// model of these sizes for one of CodeLlama or Granite, and treat its tokens accordingly.
    case trained(vocabularySize: Int)
    /// An existing SentencePiece file: `path`.
    case file(String)
  }
}

extension Recipe.Data: RecipeSection {
  mutating func declare(_ fields: RecipeFields) {
    fields("train", &train, .path, .required)
    fields("test", &test, .path)
    fields("question", &question, .text)
    fields("answer", &answer, .text)
  }
}

extension Recipe.Tokenizer: RecipeSection {
  private static let besideTheOther = "has no effect beside path (need one of them)"

  public init() { self = .trained(vocabularySize: 512) }

  package init(defaultFor model: Recipe.Model) {
    switch model {
    case .new: self.init()
    case .directory(let path): self = .file(RecipePath.absolute("tokenizer.model", from: path))
    }
  }

  mutating func declare(_ fields: RecipeFields) {
    var path: String? = if case .file(let path) = self { path } else { nil }
    if fields.isReading { path = nil }
    let alternatives = ["path", "vocab_size"]
    if fields.isReading, fields.chosen(among: alternatives) == "vocab_size" {
      fields.refuse("path", because: Self.besideTheOther)
    } else {
      fields("path", &path, .path)
    }
    if let path {
      fields.refuse("vocab_size", because: Self.besideTheOther)
      self = .file(path)
    } else {
      var size = if case .trained(let size) = self { size } else { 512 }
      fields("vocab_size", &size, .integer(260...262_144, except: [32016, 49152]), .required)
      self = .trained(vocabularySize: size)
    }
  }
}

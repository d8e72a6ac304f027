extension Recipe {
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

extension Recipe.Tokenizer: Section {
  private static let besideTheOther = "has no effect beside path (need one of them)"

  public init() { self = .trained(vocabularySize: 512) }

  package init(defaultFor model: Recipe.Model) {
    switch model {
    case .new: self.init()
    case .directory(let path): self = .file(RecipePath.absolute("tokenizer.model", from: path))
    }
  }

  mutating func declare(_ fields: Fields) {
    var path: String? = if case .file(let path) = self { path } else { nil }
    var size = if case .trained(let size) = self { size } else { 512 }
    if fields.isReading { path = nil }
    let trains = fields.isReading && fields.chosen(among: ["path", "vocab_size"]) == "vocab_size"
    fields("path", &path, .path, when: !trains, else: Self.besideTheOther)
    fields(
      "vocab_size", &size, .integer(260...262_144, except: [32016, 49152]), .required,
      when: path == nil, else: Self.besideTheOther)
    self = path.map(Self.file) ?? .trained(vocabularySize: size)
  }
}

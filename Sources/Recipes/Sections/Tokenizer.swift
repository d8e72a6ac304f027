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
  /// A tokenizer of 512 pieces, trained on the run's own texts.
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
    fields(
      "path", &path, .path, "An existing SentencePiece model, `tokenizer.model`.",
      default: "none: a tokenizer is trained on data.train",
      when: .absent("vocab_size", isPresent: trains))
    fields(
      "vocab_size", &size, .integer(260...262_144, except: [32016, 49152]),
      "The most pieces of a new tokenizer; a small corpus gives fewer. 512 suits arithmetic, "
        + "thousands suit prose. Other programs take the refused sizes for CodeLlama's and "
        + "Granite's tokenizers.", .required, when: .absent("path", isPresent: path != nil))
    self = path.map(Self.file) ?? .trained(vocabularySize: size)
  }
}

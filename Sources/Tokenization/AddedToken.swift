/// A token that is matched in a text as a whole, before the rest of the text becomes pieces.
///
/// The attributes are those of Hugging Face's `AddedToken`.
public struct AddedToken: Sendable, Equatable {
  /// The token's id, which may lie beyond the pieces.
  public var id: Int
  /// The token's text, matched byte by byte.
  public var text: String
  /// Whether it decodes to nothing, and is not matched under `split_special_tokens`.
  public var isSpecial: Bool
  /// Whether it is matched only after the text between the other tokens has been normalized.
  public var isNormalized: Bool
  /// Whether it is not matched next to letters, digits and underscores.
  public var isWholeWord: Bool
  /// Whether it takes in the white space before it (`lstrip`).
  public var stripsBefore: Bool
  /// Whether it takes in the white space after it (`rstrip`).
  public var stripsAfter: Bool

  /// Creates a token; by default a special one that is matched anywhere.
  public init(
    id: Int, text: String, isSpecial: Bool = true, isNormalized: Bool = false,
    isWholeWord: Bool = false, stripsBefore: Bool = false, stripsAfter: Bool = false
  ) {
    (self.id, self.text) = (id, text)
    (self.isSpecial, self.isNormalized, self.isWholeWord) = (isSpecial, isNormalized, isWholeWord)
    (self.stripsBefore, self.stripsAfter) = (stripsBefore, stripsAfter)
  }
}

/// A token that is found in a text as it is, before what lies around it becomes pieces.
///
/// The attributes are those of Hugging Face's `AddedToken`.
public struct AddedToken: Sendable, Equatable {
  public var id: Int
  public var text: String
  /// Whether it decodes to nothing, and `split_special_tokens` leaves it in the text.
  public var isSpecial: Bool
  /// Whether it is looked for after the text between the others has been normalized.
  public var isNormalized: Bool
  /// Whether letters, digits and underscores beside it hide it.
  public var isWholeWord: Bool
  /// Whether it takes up the white space before it, and behind it.
  public var stripsBefore: Bool
  public var stripsAfter: Bool

  public init(
    id: Int, text: String, isSpecial: Bool = true, isNormalized: Bool = false,
    isWholeWord: Bool = false, stripsBefore: Bool = false, stripsAfter: Bool = false
  ) {
    (self.id, self.text) = (id, text)
    (self.isSpecial, self.isNormalized, self.isWholeWord) = (isSpecial, isNormalized, isWholeWord)
    (self.stripsBefore, self.stripsAfter) = (stripsBefore, stripsAfter)
  }
}

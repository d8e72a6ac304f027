/// Text to token ids and back.
///
/// A protocol, so that a policy can be trained on any vocabulary: everything above knows texts and
/// ids, never pieces.
public protocol Tokenizer: Sendable {
  /// How many ids there are: each id is in `0..<vocabularySize`.
  var vocabularySize: Int { get }

  /// The id that stands before every prompt, if the vocabulary has one.
  var bosID: Int? { get }

  /// The id that ends a completion, if the vocabulary has one.
  var eosID: Int? { get }

  /// The ids of a text.
  ///
  /// Never adds BOS or EOS. Text that spells a control symbol, such as `"<s>"`, is ordinary text
  /// unless the tokenizer's settings list the symbol as an added token.
  func encode(_ text: String) -> [Int]

  /// The text of a sequence of ids.
  ///
  /// Control ids decode to nothing. A sequence that stops within a character decoded from bytes
  /// ends with U+FFFD, once for each byte.
  ///
  /// - Throws: when an id is not in `0..<vocabularySize`, naming its position.
  func decode(_ ids: [Int]) throws -> String
}

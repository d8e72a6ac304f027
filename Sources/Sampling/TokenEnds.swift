package import Tokenization

extension Tokenizer {
  /// Where the text of each of a completion's tokens ends, as exclusive UTF-8 offsets in its text.
  ///
  /// A token that ends within a character ends where that character begins, and the one that
  /// completes it holds it; behind a stop text all tokens end where the text does.
  ///
  /// - Complexity: a decoding for each token.
  package func tokenEnds(_ tokens: [Int], in text: String) throws -> [Int] {
    try tokens.indices.map { last in
      let prefix = try decode(Array(tokens[...last]))
      return zip(prefix.utf8, text.utf8).prefix { $0 == $1 }.count
    }
  }
}

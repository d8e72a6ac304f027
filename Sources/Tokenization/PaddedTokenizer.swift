/// A tokenizer for a model that has more ids than there are pieces.
///
/// Matrices are often padded to a round number of rows. Text never encodes to the ids beyond the
/// pieces, and they decode to nothing, as in transformers.
package struct PaddedTokenizer: Tokenizer {
  private let base: any Tokenizer
  /// How many ids there are: those of the pieces and those beyond.
  package let vocabularySize: Int

  /// Adds ids without text to a tokenizer.
  ///
  /// - Precondition: `vocabularySize` is at least the tokenizer's own.
  package init(_ base: any Tokenizer, vocabularySize: Int) {
    precondition(vocabularySize >= base.vocabularySize)
    (self.base, self.vocabularySize) = (base, vocabularySize)
  }

  /// The tokenizer's own.
  package var bosID: Int? { base.bosID }
  /// The tokenizer's own.
  package var eosID: Int? { base.eosID }

  /// The tokenizer's ids; never one beyond its pieces.
  package func encode(_ text: String) -> [Int] { base.encode(text) }

  /// The text of the ids that have one.
  package func decode(_ ids: [Int]) throws -> String {
    if let index = ids.firstIndex(where: { !(0..<vocabularySize).contains($0) }) {
      throw TokenizerError.idOutOfRange(
        id: ids[index], position: index, vocabularySize: vocabularySize)
    }
    return try base.decode(ids.filter { $0 < base.vocabularySize })
  }
}

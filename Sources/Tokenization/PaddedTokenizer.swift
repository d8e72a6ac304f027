/// A tokenizer for a model that has more ids than there are pieces.
///
/// Matrices are often padded to a round number of rows. Text never encodes to the ids beyond the
/// pieces, and they decode to nothing, as in transformers.
public struct PaddedTokenizer: Tokenizer {
  private let base: any Tokenizer
  public let vocabularySize: Int

  /// - Precondition: there are as many ids as pieces, or more.
  public init(_ base: any Tokenizer, vocabularySize: Int) {
    precondition(vocabularySize >= base.vocabularySize)
    (self.base, self.vocabularySize) = (base, vocabularySize)
  }

  public var bosID: Int? { base.bosID }
  public var eosID: Int? { base.eosID }

  public func encode(_ text: String) -> [Int] { base.encode(text) }

  public func decode(_ ids: [Int]) throws -> String {
    if let index = ids.firstIndex(where: { !(0..<vocabularySize).contains($0) }) {
      throw TokenizerError.idOutOfRange(
        id: ids[index], position: index, vocabularySize: vocabularySize)
    }
    return try base.decode(ids.filter { $0 < base.vocabularySize })
  }
}

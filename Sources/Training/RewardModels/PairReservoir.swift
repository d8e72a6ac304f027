internal import Formats
internal import Kernels
internal import LanguageModel

/// A sample of fixed size of all pairs ever added, each as likely to be in it as any other.
///
/// Vitter 1985, algorithm R (<https://doi.org/10.1145/3147.3165>): the n-th pair takes a place of the
/// sample with probability size/n, chosen by key, so that a resumed run keeps the same ones.
struct PairReservoir: Sendable, Equatable {
  let size: Int
  private(set) var pairs: [PreferencePair] = []
  /// Pairs added so far.
  private(set) var seen = 0

  /// A reservoir of at most `size` pairs.
  init(size: Int) { self.size = size }

  mutating func add(_ new: [PreferencePair], key: RandomKey) {
    for pair in new {
      seen += 1
      if pairs.count < size {
        pairs.append(pair)
        continue
      }
      let index = Int(
        key.bits(step: 0, row: seen >> 31, sample: 0, position: seen & 0x7FFF_FFFF)
          .multipliedFullWidth(by: UInt64(seen)).high)
      if index < size { pairs[index] = pair }
    }
  }

  var encoded: JSON { ["seen": .integer(seen), "pairs": .array(pairs.map(\.encoded))] }

  /// A reservoir as a checkpoint holds it, of pairs that a model of this shape can read.
  init(
    decoding json: JSON?, size: Int, for model: ModelConfiguration, file: String, field: String
  ) throws(FormatError) {
    let found = json?["pairs"]?.array ?? []
    let pairs = found.compactMap { PreferencePair(decoding: $0, for: model) }
    guard let seen = json?["seen"]?.natural, seen >= pairs.count, pairs.count == found.count,
      pairs.count <= size
    else {
      throw FormatError("is not a reservoir of at most \(size) pairs", file: file, field: field)
    }
    self.init(size: size)
    (self.pairs, self.seen) = (pairs, seen)
  }
}

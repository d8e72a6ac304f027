import ArgumentParser
import Formats

/// The k of pass@k and maj@k: whole numbers with commas between them.
struct KArgument: Sendable {
  let values: [Int]

  init(_ text: String) throws {
    values = try text.split(separator: ",", omittingEmptySubsequences: false).map {
      guard let value = Int($0) else {
        throw ValidationError("got \(text.visible()); need whole numbers, such as 1,4,8")
      }
      return value
    }
  }

  /// The k asked for; or of the usual ones those that the samples allow, with as many as there are
  /// samples in place of those that they do not.
  static func chosen(_ asked: KArgument?, samples: Int, usual: [Int]) throws -> [Int] {
    if let k = asked?.values {
      if let bad = k.first(where: { $0 < 1 }) {
        throw ValidationError("--k: got \(bad); need 1 or more")
      }
      if let twice = k.first(where: { value in k.count { $0 == value } > 1 }) {
        throw ValidationError("--k: says \(twice) twice")
      }
      if let large = k.max(), large > samples {
        throw ValidationError(
          "--k: got \(large) with \(samples) samples "
            + "(need at most \(samples), or --samples \(large))")
      }
      return k
    }
    let fitting = usual.filter { $0 <= samples }
    guard samples > 0, let largest = usual.max(), largest > samples else { return fitting }
    let chosen = fitting.contains(samples) ? fitting : fitting + [samples]
    func list(_ values: [Int]) -> String { values.map(String.init).joined(separator: ",") }
    StandardError.warn(
      "\(samples) \(samples == 1 ? "sample is" : "samples are") too few for k "
        + "\(list(usual.filter { $0 > samples })) (need --samples \(largest)); "
        + "k is \(list(chosen))")
    return chosen
  }
}

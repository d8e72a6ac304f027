internal import Formats

extension Recipe {
  /// A difference between two recipes: a value, or the content of a file.
  public struct Difference: Sendable, Equatable, CustomStringConvertible {
    /// The key as a dotted path, or of a file what it is known by.
    public var field: String
    /// The file, or the variable, whose content differs; nil for a value of the recipe.
    public var file: String?
    /// This recipe's value.
    public var got: String
    /// The other recipe's value.
    public var need: String

    package init(field: String, file: String? = nil, got: String, need: String) {
      (self.field, self.file, self.got, self.need) = (field, file, got, need)
    }

    /// The difference in one line.
    public var description: String {
      let what = file.map { "\($0) differs" } ?? "differs"
      return "\(field): \(what) (got \(got); need \(need))".visible()
    }
  }

  /// Every key that has a value, as a dotted path.
  package var keys: [String] { leaves.map(\.path) }

  /// The keys that have another value in `other`, with both values, in the recipe's order.
  ///
  ///     train.beta: differs (got 0.01; need 0.005)
  ///
  /// "Got" is this recipe's value and "need" the other's. `output` is no difference: a run that
  /// was moved is still the same run. Secrets are not compared.
  public func differences(from other: Recipe) -> [Difference] {
    let mine = leaves
    let others = other.leaves
    func byBytes(_ leaves: [(path: String, value: String)]) -> [ByteKey: ByteKey] {
      Dictionary(leaves.map { (ByteKey($0.path), ByteKey($0.value)) }) { first, _ in first }
    }
    let (values, otherValues) = (byBytes(mine), byBytes(others))
    // Where a run lies, how much memory it takes and when it scores do not change what it computes.
    let incidental: Set<String> = [
      "output", "train.activation_memory_megabytes", "train.scoring_parts",
    ]
    func shown(_ path: String, _ values: [ByteKey: ByteKey]) -> String {
      values[ByteKey(path)]?.text ?? "nothing"
    }
    let paths = mine.map(\.path) + others.map(\.path).filter { values[ByteKey($0)] == nil }
    return paths.filter { path in
      !incidental.contains(path) && values[ByteKey(path)] != otherValues[ByteKey(path)]
    }.map {
      Difference(field: $0, got: shown($0, values), need: shown($0, otherValues))
    }
  }
}

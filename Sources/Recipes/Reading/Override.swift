internal import Formats
internal import Foundation
internal import RewardPlugins

/// A recipe key set from outside the recipe, as by `--set train.beta=0.01`.
///
/// The value takes the key's place before anything is checked, as though the recipe had said so: a
/// map replaces a map, `null` stands for the default. Paths count from a directory of the
/// override's own. Keys of the recipe's file that have no effect beside what is set are left out.
public struct RecipeOverride: Sendable, Equatable {
  /// What the user typed, for messages: `--seed`, or `--set train.beta`.
  package let option: String
  /// The key as a dotted path, list items by index: `rewards.0.weight`.
  package let key: String
  /// A scalar or a flow list or map, as YAML: `0.1`, `[1, 4]`, `{ vocab_size: 512 }`.
  package let value: String
  /// What paths in the value count from; absolute.
  package let directory: String

  /// A key and its value as YAML, set by an option of the given name.
  ///
  /// - Parameter directory: What paths in the value count from; by default the current directory.
  public init(option: String, key: String, value: String, directory: String = "") {
    (self.option, self.key, self.value) = (option, key, value)
    self.directory = RecipePath.absolute(
      directory, from: FileManager.default.currentDirectoryPath)
  }

  /// The argument of `--set`, `key=value`; nil when it has no `=` or nothing before it.
  public init?(assignment: String) {
    guard let (key, value) = assignment.cut(at: "="), !key.isEmpty else { return nil }
    self.init(option: "--set \(key)", key: key, value: value)
  }

  /// A word of a command line as it is shown: an assignment, with or without its option, or any other
  /// text, without the secrets that it may hold.
  public static func redacted(_ word: String) -> String {
    guard let (key, value) = word.cut(at: "=") else { return Redaction.redacted(urlsIn: word) }
    if key.hasPrefix("--") { return "\(key)=\(redacted(value))" }
    let path = key.split(separator: ".")
    let isMapWithSecrets =
      value.contains(bytes: "{")
      && ["token", "headers", "env"].contains { value.contains(bytes: $0) }
    let isSecret = path.last == "token" || path.dropLast().last == "headers"
    if isMapWithSecrets || isSecret && !Secret(value).isReference {
      return "\(key)=\(Redaction.mark)"
    }
    let name = path.dropLast().last == "env" ? path.last : nil
    return "\(key)=\(Redaction.redacted(value, of: name.map(String.init) ?? ""))"
  }

  package var place: RecipePlace { .option(option, key: key) }

  /// Whether the key is `other`, or lies within it, as `rewards.0.weight` does within `rewards`: what
  /// sets `other` later leaves nothing of this.
  package func isWithin(_ other: String) -> Bool {
    func steps(_ key: String) -> [Substring] {
      key.split(separator: ".", omittingEmptySubsequences: false)
    }
    let (own, outer) = (steps(key), steps(other))
    return own.count >= outer.count
      && zip(own, outer).allSatisfy { a, b in
        // List items are compared by number: 00 is 0.
        if let number = Int(a), number == Int(b) { return true }
        return String(a).hasSameBytes(as: String(b))
      }
  }

  /// `--seed`.
  public static func seed(_ seed: Int) -> Self {
    Self(option: "--seed", key: "seed", value: String(seed))
  }

  /// `--steps`: ends the run after so many steps over all outer iterations.
  public static func steps(_ steps: Int) -> Self {
    Self(option: "--steps", key: "train.steps", value: String(steps))
  }

  /// `--output`: the run's directory, taken as it is.
  public static func output(_ path: String) -> Self {
    Self(option: "--output", key: "output", value: Node(content: .text(path)).flow)
  }
}

extension Node {
  /// Puts an override's value in its place, making the maps on the way that are absent.
  mutating func apply(_ override: RecipeOverride) throws(RecipeError) {
    let place = override.place
    let value =
      override.value.isEmpty
      ? Node(content: .scalar("", quoted: false), place: place)
      : try Node(yaml: override.value) { _ in place }.counting(from: override.directory)
    let path = override.key.split(separator: ".", omittingEmptySubsequences: false)
    guard !path.contains("") else {
      throw RecipeError("is not a key (need names separated by dots)", at: place)
    }
    try set(value, at: path[...], within: "", of: override.key)
  }

  private mutating func set(
    _ value: Node, at path: ArraySlice<Substring>, within parent: String, of key: String
  ) throws(RecipeError) {
    guard let step = path.first else {
      self = value
      return
    }
    let here = parent.isEmpty ? String(step) : "\(parent).\(step)"
    if isNull { content = .map([]) }
    if case .scalar = content, Self.isReward(parent) {
      content = .map([Entry(key: "name", value: self)])
    }
    switch content {
    case .scalar:
      throw RecipeError(
        "has no such key (\(parent) is \(found), not a map)", field: key, at: value.place)
    case .list(var items):
      guard let index = Int(step), (0...items.count).contains(index) else {
        throw RecipeError(
          "is not an index of the list (got \(String(step).shortened()); need 0 to \(items.count))",
          field: key, at: value.place)
      }
      if index == items.count { items.append(value.emptyMap) }
      try items[index].set(value, at: path.dropFirst(), within: here, of: key)
      content = .list(items)
    case .map(var entries):
      let known = entries.firstIndex { $0.key.hasSameBytes(as: String(step)) }
      let index = known ?? entries.count
      if known == nil { entries.append(Entry(key: String(step), value: value.emptyMap)) }
      try entries[index].value.set(value, at: path.dropFirst(), within: here, of: key)
      content = .map(entries)
    }
  }

  /// Whether a reward stands there, whose name alone is short for a map with it.
  private static func isReward(_ path: String) -> Bool {
    let parts = path.split(separator: ".")
    return path == "reward_model.labeller"
      || (parts.count == 2 && parts[0] == "rewards" && Int(parts[1]) != nil)
  }

  /// A map to be filled, written where this value is.
  private var emptyMap: Node {
    Node(content: .map([]), place: place, directory: directory)
  }
}

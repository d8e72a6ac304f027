internal import Formats

/// A recipe key set from outside the recipe, as by `--set train.beta=0.01`.
///
/// The value takes the key's place before anything is checked, as though the recipe had said so:
/// paths count from the recipe's directory, a map replaces a map, `null` stands for the default.
public struct RecipeOverride: Sendable, Equatable {
  enum Value: Equatable {
    /// A scalar or a flow list or map: `0.1`, `[1, 4]`, `{ vocab_size: 512 }`.
    case yaml(String)
    case text(String)
  }

  /// What the user typed, for messages: `--seed`, or `--set train.beta`.
  let option: String
  /// The key as a dotted path, list items by index: `rewards.0.weight`.
  let key: String
  let value: Value

  /// A key and its value as YAML, set by an option of the given name.
  public init(option: String, key: String, value: String) {
    self.option = option
    self.key = key
    self.value = .yaml(value)
  }

  private init(option: String, key: String, text: String) {
    self.option = option
    self.key = key
    value = .text(text)
  }

  /// The argument of `--set`, `key=value`; nil when it has no `=` or nothing before it.
  public init?(assignment: String) {
    guard let (key, value) = assignment.cut(at: "="), !key.isEmpty else { return nil }
    self.init(option: "--set \(key)", key: key, value: value)
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
    Self(option: "--output", key: "output", text: path)
  }
}

extension RecipeNode {
  /// Puts an override's value in its place, making the maps on the way that are absent.
  mutating func apply(_ override: RecipeOverride) throws(RecipeError) {
    let place = RecipePlace.option(override.option, key: override.key)
    let value: RecipeNode
    switch override.value {
    case .text(let text): value = RecipeNode(content: .text(text), place: place)
    case .yaml(""): value = RecipeNode(content: .scalar("", quoted: false), place: place)
    case .yaml(let text): value = try RecipeNode(yaml: text) { _ in place }
    }
    let path = override.key.split(separator: ".", omittingEmptySubsequences: false)
    guard !path.contains("") else {
      throw RecipeError("is no key (need words with dots between them)", at: place)
    }
    try set(value, at: path[...], within: "", of: override.key)
  }

  private mutating func set(
    _ value: RecipeNode, at path: ArraySlice<Substring>, within parent: String, of key: String
  ) throws(RecipeError) {
    guard let step = path.first else {
      self = value
      return
    }
    let here = parent.isEmpty ? String(step) : "\(parent).\(step)"
    if isNull { content = .map([]) }
    switch content {
    case .scalar:
      throw RecipeError(
        "has no keys within it (\(parent) is \(found))", field: key, at: value.place)
    case .list(var items):
      guard let index = Int(step), (0...items.count).contains(index) else {
        throw RecipeError(
          "is no item (got \(String(step).shortened()); need an index from 0 to \(items.count))",
          field: key, at: value.place)
      }
      if index == items.count { items.append(RecipeNode(content: .map([]), place: value.place)) }
      try items[index].set(value, at: path.dropFirst(), within: here, of: key)
      content = .list(items)
    case .map(var entries):
      let known = entries.firstIndex { $0.key.hasSameBytes(as: String(step)) }
      let index = known ?? entries.count
      if known == nil {
        let empty = RecipeNode(content: .map([]), place: value.place)
        entries.append(Entry(key: String(step), value: empty))
      }
      try entries[index].value.set(value, at: path.dropFirst(), within: here, of: key)
      content = .map(entries)
    }
  }
}

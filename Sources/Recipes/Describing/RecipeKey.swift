internal import Formats

/// A key of a recipe, as its declaration describes it.
public struct RecipeKey: Sendable {
  /// The key itself, without the sections that hold it.
  public let name: String
  /// What it decides, in one or more plain sentences.
  public let meaning: String
  /// The value that counts where the key is absent, as YAML or in words; nil where there is none.
  public let defaultValue: String?
  /// Whether the key must be there when it has an effect.
  public let isRequired: Bool
  /// What TRL, transformers, OpenRLHF or PPO's code call it, where that is another name.
  public let otherNames: [String]
  /// What it may be.
  package let shape: Shape
  /// What must hold for it to have an effect; all of them.
  package let conditions: [Condition]
  /// Whether `null` asks for its default; the options of built-in rewards take none.
  let takesNull: Bool
  /// The keys of the section that it is, or of each item of the list that it is.
  ///
  /// `reward_model.labeller` has none: its keys are those of `rewards`.
  public let keys: [RecipeKey]
  /// The words of its name and meaning in lower case, by which a hint finds it.
  let words: [String]

  init(
    name: String, meaning: String, defaultValue: String?, isRequired: Bool, otherNames: [String],
    shape: Shape, conditions: [Condition], takesNull: Bool = true
  ) {
    (self.name, self.meaning, self.defaultValue) = (name, meaning, defaultValue)
    (self.isRequired, self.otherNames, self.shape) = (isRequired, otherNames, shape)
    (self.conditions, self.takesNull) = (conditions, takesNull)
    keys = shape.keys
    words = "\(name.replacing("_", with: " ")) \(meaning)".lowercased()
      .split { !$0.isLetter && !$0.isNumber }.map(String.init)
  }

  /// The first sentence of its meaning, without the full stop.
  public var summary: String {
    if let end = meaning.firstRange(of: ". ") { return String(meaning[..<end.lowerBound]) }
    return meaning.hasSuffix(".") ? String(meaning.dropLast()) : meaning
  }

  /// The permitted values in words.
  public var values: String { shape.words }

  /// When it has an effect, in words; empty where it always has one.
  public var effect: String { conditions.map(\.words).joined(separator: " and ") }

  /// The names among which it chooses; empty where it chooses none.
  public var alternatives: [String] { if case .name(let names) = shape { names } else { [] } }

  /// Whether it is a list whose items have keys.
  public var hasItems: Bool { if case .list = shape { !keys.isEmpty } else { false } }
}

extension RecipeKey {
  /// Whether this key and another one are declared alike, apart from the choice they belong to.
  func isSame(as other: RecipeKey) -> Bool {
    name == other.name && meaning == other.meaning && defaultValue == other.defaultValue
      && isRequired == other.isRequired && shape.words == other.shape.words
      && conditions.dropFirst() == other.conditions.dropFirst()
  }

  /// The key of two choices; nil where one of them always has an effect.
  func joined(with other: RecipeKey) -> RecipeKey? {
    guard let test = conditions.first?.test, let otherTest = other.conditions.first?.test else {
      return nil
    }
    var both = conditions
    both[0] = Condition(test: test.or(otherTest), holds: true, found: "")
    return RecipeKey(
      name: name, meaning: meaning, defaultValue: defaultValue, isRequired: isRequired,
      otherNames: otherNames, shape: shape, conditions: both, takesNull: takesNull)
  }
}

extension [RecipeKey] {
  /// Their names, each once, in order.
  package var names: [String] {
    map(\.name).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }
}

extension Shape {
  /// The declared keys within it; declaring them takes a while, so that a key asks once.
  fileprivate var keys: [RecipeKey] {
    switch self {
    case .section(let keys): keys()
    case .list(.either(let shapes, _), _): shapes.flatMap(\.keys)
    default: []
    }
  }
}

extension Recipe {
  /// Every key of a recipe, sections with their own keys, in the order of the declaration.
  ///
  /// A key that means another thing with another choice, such as `train.epsilon_high`, is there once
  /// for each meaning.
  public static let reference: [RecipeKey] = Fields.described(Recipe.self)

  /// The keys at a dotted path, or of a name in any section: `train`, `train.beta`, `beta`; also by
  /// what other programs call them: `max_steps`.
  ///
  /// Indices of lists do not count: `rewards.0.weight` is `rewards.weight`.
  public static func keys(at path: String) -> [(path: String, key: RecipeKey)] {
    let steps = path.split(separator: ".").filter { Int($0) == nil }.map(String.init)
    let all = allKeys
    let exact = all.filter { $0.path.hasSameBytes(as: steps.joined(separator: ".")) }
    if !exact.isEmpty { return exact }
    guard let name = steps.last else { return [] }
    let section = steps.dropLast().map { $0 + "." }.joined()
    func keys(where isMeant: (RecipeKey) -> Bool) -> [(path: String, key: RecipeKey)] {
      all.filter { $0.path.hasPrefix(section) && isMeant($0.key) }
    }
    let named = steps.count == 1 ? keys { $0.name.hasSameBytes(as: name) } : []
    return named.isEmpty
      ? keys { $0.otherNames.contains { $0.hasSameBytes(as: name) } } : named
  }

  /// Every key with its dotted path, sections before their own keys.
  public static let allKeys: [(path: String, key: RecipeKey)] = paths(of: reference, within: "")

  private static func paths(
    of keys: [RecipeKey], within section: String
  ) -> [(path: String, key: RecipeKey)] {
    keys.flatMap { key in
      let path = section.isEmpty ? key.name : "\(section).\(key.name)"
      return [(path, key)] + paths(of: key.keys, within: path)
    }
  }
}

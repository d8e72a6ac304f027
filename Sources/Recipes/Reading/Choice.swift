/// What a recipe chooses by a name, with keys that have an effect with it alone.
protocol Choice: Keyed {
  /// Everything that can be chosen, with its defaults.
  static var all: [Self] { get }

  /// The name in a recipe.
  var name: String { get }
}

extension Fields {
  /// Declares the key that chooses, and the keys of every choice; those of another one are refused.
  ///
  /// A choice that stays the preset's keeps the preset's values.
  ///
  /// - Parameter hints: Whether a refusal names the choice that its key belongs to.
  func choose<Value: Choice>(
    _ key: String, _ value: inout Value, _ meaning: String, also names: [String] = [],
    hints: Bool = true
  ) {
    var name = value.name
    self(key, &name, .name(among: Value.all.map(\.name)), meaning, also: names)
    if isDescribing {
      for choice in Value.all {
        group(when: .key(key, choice) { $0.name == choice.name }) { _ = declared(choice) }
      }
      return
    }
    if let chosen = Value.all.first(where: { $0.name == name }), name != value.name {
      value = chosen
    }
    let own = value.keys
    let choices = Value.all.map { (name: $0.name, keys: $0.keys) }
    var seen: Set<String> = []
    for other in choices.flatMap(\.keys) where seen.insert(other).inserted {
      if own.contains(other) {
        value.declare(self)
        seen.formUnion(own)
      } else {
        let owners = choices.filter { $0.keys.contains(other) }
        let hint = hints && owners.count == 1 ? " (need \(owners[0].name))" : ""
        refuse(other, because: "has no effect with \(key) \(name)\(hint)")
      }
    }
  }
}

extension Keyed {
  /// Its keys, whether they have an effect or not.
  var keys: [String] { Fields.keys { _ = $0.declared(self) } }
}

public import Formats
public import Rewards

extension RewardSet.Entry {
  /// One element of a recipe's `rewards`.
  ///
  ///     - exact_match
  ///     - { numeric_match: { tolerance: 0.01 }, weight: 0.5 }
  ///     - { command: [./score.py], timeout: 30, weight: 2, name: style }
  ///
  /// A built-in score by its name, alone or as a key with its options; or a command. `weight`
  /// (default 1) and `name` (in logs) may stand beside either.
  ///
  /// - Parameter directory: where the recipe lies; commands are relative to it and run there.
  /// - Throws: a `RewardError` that names the key or value which cannot be.
  public init(recipe: JSON, directory: String? = nil) throws(RewardError) {
    if let name = recipe.string {
      self.init(try BuiltInReward.named(name))
      return
    }
    guard let object = recipe.object else {
      throw Self.malformed("got \(recipe.kindInWords)")
    }
    var common = JSONObject()
    var own = JSONObject()
    for (key, value) in object.entries {
      if key == "weight" || key == "name" { common[key] = value } else { own[key] = value }
    }
    var options = RewardOptions(common, of: "reward")
    let largest = Double.greatestFiniteMagnitude
    let weight = try options.number("weight", default: 1, in: -largest...largest)
    let name = try options.string("name")

    if own["command"] != .none {
      self.init(
        try CommandReward(options: own, name: name, directory: directory), weight: weight)
      return
    }
    guard let kind = own.keys.first else { throw Self.malformed("got none") }
    guard own.count == 1 else {
      throw Self.malformed("got the keys \(own.keys.map(oneLine).joined(separator: ", "))")
    }
    let value = own[kind] ?? .null
    guard value.isNull || value.object != nil else {
      throw .badOption(
        reward: "reward", option: kind, problem: "got \(value.kindInWords); need its options")
    }
    self.init(
      try BuiltInReward.named(kind, options: value.object ?? [:], label: name), weight: weight)
  }

  private static func malformed(_ problem: String) -> RewardError {
    .badOption(
      reward: "recipe", option: "rewards",
      problem: "\(problem); need a built-in score or a command, with weight and name beside it")
  }
}

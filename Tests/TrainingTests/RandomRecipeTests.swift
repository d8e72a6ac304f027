import PolicyOptimization
import Recipes
import TestSupport
import Testing
import Training

/// Recipes drawn from what the keys of `train` say they may be: what can be read can be made.
///
/// A trap ends the process of the tests, which is how it is found.
@Suite struct RandomRecipeTests {
  /// A key under `train` as its own error messages describe it.
  private struct Key {
    let name: String
    /// "a number above 0, at most 1".
    let need: String
    /// What gives the key an effect.
    let opener: Settings

    /// A permitted value, as a recipe writes it: a bound as often as one between them.
    func value(_ rng: inout SplitMix64) -> String {
      if need == "true or false" { return Bool.random(using: &rng) ? "true" : "false" }
      let words = need.split { " ,".contains($0) }.map(String.init)
      let numbers = words.compactMap(Double.init)
      if need.hasPrefix("a whole number") {
        let (low, high) = (Int(numbers[0]), numbers.count > 1 ? Int(numbers[1]) : 1 << 40)
        return String(
          [low, min(low + 1, high), .random(in: low...high, using: &rng), high]
            .randomElement(using: &rng) ?? low)
      }
      if need.hasPrefix("a number") {
        let (low, high) = (numbers[0], numbers[1])
        let isOpen = (need.contains("above"), need.contains("below"))
        let inner = low + (high - low) * .random(in: 0.001...0.999, using: &rng)
        return
          ([
            isOpen.0 ? low.nextUp + 1e-300 : low, low + 1e-6 * (high - low), inner, min(1, inner),
            isOpen.1 ? high.nextDown : high,
          ].randomElement(using: &rng) ?? inner).description
      }
      let names = words.filter { !["one", "of", "or"].contains($0) }
      return names.randomElement(using: &rng) ?? need
    }
  }

  private typealias Settings = [(name: String, value: String)]

  private static func read(_ settings: Settings) throws(RecipeError) -> Recipe {
    var (train, value) = ("", "")
    for (name, text) in settings {
      if name.hasPrefix("value.") {
        value += "    \(name.dropFirst(6)): \(text)\n"
      } else {
        train += "  \(name): \(text)\n"
      }
    }
    return try Recipe(
      yaml: """
        output: run
        data: { train: train.jsonl }
        prompt: prompt.txt
        tokenizer: { vocab_size: 300 }
        model: { hidden_size: 8, num_hidden_layers: 1, num_attention_heads: 2,
          intermediate_size: 8, max_position_embeddings: 65536 }
        rewards: [exact_match]
        train:
          questions_per_step: 4
          max_completion_length: 8
          steps_per_iteration: 5
        \(train)\(value.isEmpty ? "" : "  value:\n" + value)
        """, file: "/r/recipe.yaml")
  }

  private static func error(of settings: Settings) -> RecipeError? {
    do throws(RecipeError) {
      _ = try read(settings)
      return nil
    } catch {
      return error
    }
  }

  /// What opens the keys that no preset does.
  private static let openers: [Settings] =
    [[]]
    + Recipe.Algorithm.allCases.map { [("algorithm", $0.rawValue)] }
    + [
      "softmax", "whitened", "action-value", "reward-to-go", "baseline", "advantage",
    ].map { [("advantage", $0), ("learning_rate", "1e-4")] }
    + [[("advantage", "reward-to-go"), ("gamma", "0.5")]]
    + ["cispo", "sapo", "vespo", "gmpo"].map { [("surrogate", $0)] }
    + [
      [("update", "line-search")], [("update", "trust-region")], [("overlong_penalty", "1")],
      [("reference", "mix"), ("beta", "1")],
      [("beta", "1"), ("kl_controller", "ziegler")],
      [("old_kl_coef", "1"), ("old_kl_controller", "ziegler")],
      [("advantage", "advantage"), ("value.model", "policy")],
    ]

  /// Every key under `train` and `train.value`, with what it says of its values.
  private static func keys() throws -> [Key] {
    func names(_ section: String) throws -> [String] {
      try #require(Recipe.keys(at: section).first).key.keys.names
    }
    let fixed: Set = [
      "questions_per_step", "max_completion_length", "steps_per_iteration", "stop", "value",
    ]
    let (own, ofValue) = (try names("train"), try names("train.value"))
    return try (own.filter { !fixed.contains($0) } + ofValue.map { "value." + $0 }).map { name in
      let found = openers.lazy.compactMap { opener -> Key? in
        let settings = opener.filter { $0.name != name }
        let refusal = error(of: settings + [(name, "zz")])
        guard let refusal, refusal.field == "train." + name,
          let need = refusal.message.split(separator: "; need ", maxSplits: 1).dropFirst().first
        else { return nil }
        return Key(
          name: name, need: String(need.dropLast().prefix { $0 != ";" }), opener: settings)
      }
      return try #require(found.first, "\(name)")
    }
  }

  @Test func whatCanBeReadCanBeMade() throws {
    let keys = try Self.keys()
    var rng = SplitMix64(seed: 11)
    var (made, seen) = (0, Set<String>())
    for number in 0..<2000 {
      let chosen = keys[number % keys.count]
      var settings = chosen.opener + [(chosen.name, chosen.value(&rng))]
      for key in keys.shuffled(using: &rng).prefix(.random(in: 1...10, using: &rng))
      where !settings.contains(where: { $0.name == key.name }) {
        settings.append((key.name, key.value(&rng)))
      }
      if !settings.contains(where: { $0.name == "learning_rate" }) {
        settings.append(("learning_rate", "1e-4"))
      }
      var recipe: Recipe?
      while recipe == nil {
        do throws(RecipeError) {
          recipe = try Self.read(settings)
        } catch {
          // What has no effect beside the rest, or does not go with it.
          let fields = ([error] + error.others).map { String($0.field.dropFirst("train.".count)) }
          let rest = settings.filter { !fields.contains($0.name) }
          if rest.count == settings.count { break }
          settings = rest
        }
      }
      guard let train = recipe?.train else { continue }
      Self.make(train)
      made += 1
      seen.formUnion(settings.map(\.name))
    }
    #expect(made > 1400)
    #expect(keys.map(\.name).filter { !seen.contains($0) } == [])
  }

  /// Makes the parts of an update and asks each of them once.
  private static func make(_ train: Recipe.Train) {
    _ = train.samplingOptions(eosIDs: [2])
    let settings = PolicyTrainer.Settings(train, seed: 1)
    let count = 12
    let numbers = (0..<count).map { Double($0 * $0 % 7) / 7 }
    let logProbs = numbers.map { -0.5 - $0 }
    let completions = (0..<4).map { 3 * $0..<3 * $0 + 3 }
    var groups = RewardGroups(
      (0..<2).map { g in
        (0..<2).map { i in
          RewardGroups.Completion(
            tokenCount: 3, rewards: .terminal(Double(g + i), tokenCount: 3),
            values: Array(numbers[0..<3]),
            components: [.init(value: Double(g + i)), .init(value: Double(i))])
        }
      }, greedyRewards: [0.5, 1])
    if let shaping = train.rewardShaping {
      groups =
        shaping(groups, oldLogProb: logProbs, referenceLogProb: numbers.map { -1 - $0 }).groups
    }
    let advantages = settings.advantage(groups)
    let batch = ObjectiveBatch(
      completions: completions, logProb: logProbs.map { $0 + 0.1 }, oldLogProb: logProbs,
      referenceLogProb: numbers.map { -1 - $0 }, entropy: numbers, klOld: numbers,
      klReference: numbers, value: numbers, oldValue: numbers.map { $0 + 0.1 },
      valueTarget: numbers.map { 1 - $0 },
      advantage: advantages.values(tokenCounts: completions.map(\.count)),
      mask: numbers.map { $0 < 1 })
    var objective = settings.objective
    _ = objective(batch)
    objective.adapt(
      to: PolicyMeasurement(klReference: 1, klOld: 1, entropy: 1), completions: 4)
    objective.adaptiveState = objective.adaptiveState
    _ = objective(batch)
    _ = train.axes.value?.target(groups, discount: 0.9, lambda: 0.9)
    _ = ValueLoss(clipRange: train.axes.value?.clip)(batch)
  }
}

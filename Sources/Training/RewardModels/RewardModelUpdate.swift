internal import Datasets
internal import Formats
internal import LanguageModel
internal import Recipes
internal import Rewards
internal import Sampling
internal import Tokenization

/// A reward model that learns while the policy does, and what it learns from.
struct RewardModelUpdate {
  let model: ContinualReward
  let recipe: Recipe.RewardModel
  let source: Source

  enum Source {
    /// Completions of the policy, compared by a reward.
    case labeller(RewardSet)
    /// Comparisons that people made.
    case preferences([PreferencePair])
  }

  /// The reward model of a recipe, as training starts with it.
  ///
  /// - Parameter policy: That training starts from, whose tokens are the reward model's.
  init(
    _ recipe: Recipe.RewardModel, policy: Policy, seed: Int, threads: Int, patience: Patience?
  ) throws {
    self.recipe = recipe
    var model = RewardModel(from: policy.model)
    if let path = recipe.path {
      let configuration = policy.model.configuration
      model = try RewardModel(directory: path).ending(with: configuration.eosTokenIDs)
      let (found, need) = (model.configuration.vocabularySize, configuration.vocabularySize)
      guard found == need else {
        throw FormatError(
          file: path, field: "vocab_size", message: "got \(found); need \(need), the policy's")
      }
    }
    if let path = recipe.preferences {
      source = .preferences(
        try PreferencePair.read(
          DataFile.rows(path: path),
          SequenceEncoding(
            policy.tokenizer, end: model.configuration.endID,
            longest: model.configuration.maximumPositions)))
    } else if let labeller = recipe.labeller {
      let entry = try labeller.entry(threads: threads)
      source = .labeller(try RewardSet([entry.waited(with: patience)]))
    } else {
      preconditionFailure("the recipe was read with one of both")
    }
    self.model = ContinualReward(
      model, name: recipe.name, tokenizer: policy.tokenizer,
      settings: recipe.settings(seed: seed), threads: threads)
  }

  /// Does what is to be done while the labeller, where there is one, is started.
  func whileStarted<Value>(_ body: () async throws -> Value) async throws -> Value {
    guard case .labeller(let labeller) = source else { return try await body() }
    return try await labeller.whileStarted(body)
  }
}

internal import PolicyOptimization

extension Recipe {
  /// How a gradient moves the policy: `update`.
  public enum Update: Sendable, Equatable {
    /// AdamW, whose keys stand beside these: `adam`.
    case adam
    /// Against the gradient, as far as the loss falls: `line-search`.
    case lineSearch(LineSearchUpdate)
    /// Along the natural gradient, as far as the policy may change: `trust-region`.
    case trustRegion(TrustRegionUpdate)
  }

  /// The lecture's line search: a large step, made smaller until the loss is below what it was.
  public struct LineSearchUpdate: Sendable, Equatable {
    /// What the loss of a trial is measured on: `line_search_loss`.
    public enum Loss: String, Sendable, CaseIterable {
      /// The objective on the completions at hand, importance-weighted.
      case sameRollouts = "same-rollouts"
      /// The mean reward, negated, of as many completions drawn anew by the trial's policy.
      case resampled
    }

    /// The first step, a multiple of the gradient, above 0 and at most 10⁶:
    /// `line_search_initial_step`.
    ///
    /// Meant to be too large.
    public var initialStep = 10.0
    /// What a step is multiplied with after it failed, above 0 and below 1:
    /// `line_search_shrink`.
    public var shrink = 0.5
    /// Steps tried before the policy is left as it was, 1 to 100: `line_search_trials`.
    public var trials = 20
    /// What the loss of a trial is measured on: `line_search_loss`.
    public var loss = Loss.sameRollouts

    public init() {}
  }

  /// TRPO, and the natural gradient where nothing is checked after the step.
  public struct TrustRegionUpdate: Sendable, Equatable {
    /// What bounds the step: `trust_region_form`.
    public enum Form: String, Sendable, CaseIterable {
      /// ½·δᵀF̄δ ≤ ε with the mean Fisher matrix F̄ of a token: the second-order KL of a token.
      case halfMean = "half-mean"
      /// δᵀFδ ≤ ε with the sum over tokens: as the lecture prints it.
      case sum
    }

    /// Where the Fisher matrix comes from: `fisher`.
    public enum Fisher: String, Sendable, CaseIterable {
      /// Summed over the vocabulary at every token.
      case exact
      /// From the drawn tokens alone: Σ ∇log π ∇log πᵀ.
      case sampled
    }

    /// Which divergence the backtracking measures: `trust_region_kl`.
    public enum Measure: String, Sendable, CaseIterable {
      case oldToPolicy = "old-to-policy"
      case policyToOld = "policy-to-old"
    }

    /// ε, the bound on the divergence, above 0 and at most 100: `max_kl`.
    ///
    /// 0.001 to 0.05 a token are usual.
    public var maximumKL = 0.01
    /// What bounds the step: `trust_region_form`.
    public var form = Form.halfMean
    /// Where the Fisher matrix comes from: `fisher`.
    public var fisher = Fisher.exact
    /// Added to the Fisher matrix's diagonal, 0 to 1000: `cg_damping`.
    public var damping = 0.1
    /// Products with the Fisher matrix, 1 to 1000: `cg_iterations`.
    public var iterations = 10
    /// Trials of the backtracking search, 0 (take the step as it is) to 100: `backtrack_trials`.
    public var backtrackTrials = 10
    /// What a step is multiplied with after it failed, above 0 and below 1: `backtrack_shrink`.
    public var backtrackShrink = 0.5
    /// Which divergence the backtracking measures: `trust_region_kl`.
    public var measure = Measure.oldToPolicy

    public init() {}
  }
}

extension Recipe.Update {
  private enum Kind: String, CaseIterable {
    case adam
    case lineSearch = "line-search"
    case trustRegion = "trust-region"
  }

  /// The name in a recipe.
  public var name: String {
    switch self {
    case .adam: Kind.adam.rawValue
    case .lineSearch: Kind.lineSearch.rawValue
    case .trustRegion: Kind.trustRegion.rawValue
    }
  }

  mutating func declare(_ fields: RecipeFields) {
    var (kind, search, region) = (
      Kind.adam, Recipe.LineSearchUpdate(), Recipe.TrustRegionUpdate()
    )
    switch self {
    case .adam: kind = .adam
    case .lineSearch(let settings): (kind, search) = (.lineSearch, settings)
    case .trustRegion(let settings): (kind, region) = (.trustRegion, settings)
    }
    fields("update", &kind, .choice)
    search.declare(
      fields, when: kind == .lineSearch,
      else: "has no effect with update \(kind.rawValue) (need line-search)")
    region.declare(
      fields, when: kind == .trustRegion,
      else: "has no effect with update \(kind.rawValue) (need trust-region)")
    switch kind {
    case .adam: self = .adam
    case .lineSearch: self = .lineSearch(search)
    case .trustRegion: self = .trustRegion(region)
    }
  }
}

extension Recipe.LineSearchUpdate {
  fileprivate mutating func declare(
    _ fields: RecipeFields, when applies: Bool, else reason: String
  ) {
    fields(
      "line_search_initial_step", &initialStep, .number(above: 0, through: 1e6), when: applies,
      else: reason)
    fields(
      "line_search_shrink", &shrink, .number(above: 0, below: 1), when: applies, else: reason)
    fields("line_search_trials", &trials, .integer(1...100), when: applies, else: reason)
    fields("line_search_loss", &loss, .choice, when: applies, else: reason)
  }
}

extension Recipe.TrustRegionUpdate {
  fileprivate mutating func declare(
    _ fields: RecipeFields, when applies: Bool, else reason: String
  ) {
    fields("max_kl", &maximumKL, .number(above: 0, through: 100), when: applies, else: reason)
    fields("trust_region_form", &form, .choice, when: applies, else: reason)
    fields("fisher", &fisher, .choice, when: applies, else: reason)
    fields("cg_damping", &damping, .number(0...1000), when: applies, else: reason)
    fields("cg_iterations", &iterations, .integer(1...1000), when: applies, else: reason)
    fields("backtrack_trials", &backtrackTrials, .integer(0...100), when: applies, else: reason)
    let checks = applies && backtrackTrials > 0
    let unchecked = applies ? "has no effect with backtrack_trials 0" : reason
    fields(
      "backtrack_shrink", &backtrackShrink, .number(above: 0, below: 1), when: checks,
      else: unchecked)
    fields("trust_region_kl", &measure, .choice, when: checks, else: unchecked)
  }
}

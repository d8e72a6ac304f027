public import PolicyOptimization

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

    /// A first step that is meant to be too large, a multiple of the gradient:
    /// `line_search_initial_step`; what it is multiplied with after it failed:
    /// `line_search_shrink`; and the steps tried before the policy is left as it was:
    /// `line_search_trials`.
    public var search = LineSearch(initialStep: 10, maximumTrials: 20)
    /// What the loss of a trial is measured on: `line_search_loss`.
    public var loss = Loss.sameRollouts

    /// Creates an update with every key at its default.
    public init() {}
  }

  /// TRPO, and the natural gradient where nothing is checked after the step.
  public struct TrustRegionUpdate: Sendable, Equatable {
    /// Where the Fisher matrix comes from: `fisher`.
    public enum Fisher: String, Sendable, CaseIterable {
      /// Summed over the vocabulary at every token.
      case exact
      /// From the sampled tokens alone: Σ ∇log π ∇log πᵀ.
      case sampled
    }

    /// ε, the bound on the divergence, where 0.001 to 0.05 a token are usual: `max_kl`; and what it
    /// bounds: `trust_region_form`.
    public var region = TrustRegionStep(bound: 0.01)
    /// Where the Fisher matrix comes from: `fisher`.
    public var fisher = Fisher.exact
    /// What is added to the Fisher matrix's diagonal: `cg_damping`; and the products with it:
    /// `cg_iterations`.
    public var conjugateGradient = ConjugateGradient(damping: 0.1, maximumIterations: 10)
    /// The backtracking: its trials: `backtrack_trials`; and what a step is multiplied with after
    /// it failed: `backtrack_shrink`.
    ///
    /// nil, with 0 trials, takes the step as it is.
    public var search: LineSearch? = LineSearch()
    /// Which divergence the backtracking measures, between π_old and π_θ: `trust_region_kl`.
    public var divergence = KLDivergence.oldToPolicy

    /// Creates an update with every key at its default: TRPO.
    public init() {}
  }
}

extension Recipe.Update: Choice {
  static var all: [Self] {
    [.adam, .lineSearch(Recipe.LineSearchUpdate()), .trustRegion(Recipe.TrustRegionUpdate())]
  }

  /// The name in a recipe.
  public var name: String {
    switch self {
    case .adam: "adam"
    case .lineSearch: "line-search"
    case .trustRegion: "trust-region"
    }
  }

  mutating func declare(_ fields: Fields) {
    switch self {
    case .adam: break
    case .lineSearch(let update): self = .lineSearch(fields.declared(update))
    case .trustRegion(let update): self = .trustRegion(fields.declared(update))
    }
  }
}

extension Recipe.LineSearchUpdate: Keyed {
  mutating func declare(_ fields: Fields) {
    fields(
      "line_search_initial_step", &search.initialStep, .number(above: 0, through: 1e6),
      "The first step tried, a multiple of the gradient; meant to be too large.")
    fields(
      "line_search_shrink", &search.shrinkFactor, .number(above: 0, below: 1),
      "The factor by which a step that failed is shortened.")
    fields(
      "line_search_trials", &search.maximumTrials, .integer(1...100),
      "Steps tried before the policy is left unchanged.")
    fields(
      "line_search_loss", &loss, .choice,
      "The loss that a trial must lower: `same-rollouts`, the objective on the step's completions "
        + "with importance weights, or `resampled`, minus the mean reward of as many new "
        + "completions of the trial's policy.")
  }
}

extension Recipe.TrustRegionUpdate: Keyed {
  mutating func declare(_ fields: Fields) {
    fields(
      "max_kl", &region.bound, .number(above: 0, through: 100),
      "ε: the bound on the divergence of the update, in nats per token. Usual: 0.001 to 0.05.")
    fields(
      "trust_region_form", &region.constraint, .choice,
      "What ε bounds: `half-mean`, ½·dᵀFd, the second-order KL of a token, or `sum`, dᵀFd, as the "
        + "lecture prints it.")
    fields(
      "fisher", &fisher, .choice,
      "The Fisher matrix: `exact`, summed over the vocabulary at each token, or `sampled`, from the "
        + "sampled tokens alone.")
    fields(
      "cg_damping", &conjugateGradient.damping, .number(0...1000),
      "Added to the diagonal of the Fisher matrix.")
    fields(
      "cg_iterations", &conjugateGradient.maximumIterations, .integer(1...1000),
      "Iterations of the conjugate gradient method, each one product with the Fisher matrix.")
    var (trials, backtracking) = (search?.maximumTrials ?? 0, search ?? LineSearch())
    fields(
      "backtrack_trials", &trials, .integer(0...100),
      "Steps tried before the policy is left unchanged. 0 takes the first step unchecked.")
    fields.group(when: .key("backtrack_trials", Double(trials), above: 0)) {
      fields(
        "backtrack_shrink", &backtracking.shrinkFactor, .number(above: 0, below: 1),
        "The factor by which a step that failed is shortened.")
      fields(
        "trust_region_kl", &divergence, .choice(among: [.oldToPolicy, .policyToOld]),
        "The divergence that backtracking measures: `old-to-policy`, KL(π_old‖π), or "
          + "`policy-to-old`, KL(π‖π_old).")
    }
    backtracking.maximumTrials = trials
    search = trials > 0 ? backtracking : nil
  }
}

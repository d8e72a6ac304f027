internal import Formats
internal import PolicyOptimization

extension Recipe {
  /// A named combination of axes: `algorithm`.
  public struct Algorithm: RawRepresentable, CaseIterable, Sendable, Equatable {
    /// The name in a recipe.
    public let rawValue: String
    /// What it is, in one line.
    public let summary: String
    private let combine: @Sendable (_ axes: inout Axes, _ maxCompletionTokens: Int) -> Void

    private init(
      _ name: String, _ summary: String,
      combine: @escaping @Sendable (_ axes: inout Axes, _ maxCompletionTokens: Int) -> Void
    ) {
      (rawValue, self.summary, self.combine) = (name, summary, combine)
    }

    /// The algorithm with this name in recipes; nil where there is none.
    public init?(rawValue: String) {
      guard let preset = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
      self = preset
    }

    /// Whether both have the same name.
    public static func == (a: Self, b: Self) -> Bool { a.rawValue == b.rawValue }

    /// The axes, for completions of at most `maxCompletionTokens`.
    public func axes(maxCompletionTokens: Int) -> Axes {
      var axes = Axes()
      combine(&axes, maxCompletionTokens)
      return axes
    }

    /// The recipe keys of its axes and their values, for completions of at most
    /// `maxCompletionTokens`.
    public func keys(maxCompletionTokens: Int) -> [(key: String, value: String)] {
      var axes = axes(maxCompletionTokens: maxCompletionTokens)
      let fields = Fields(writing: Context(directory: "/"))
      axes.declare(fields, maxCompletionTokens: maxCompletionTokens)
      let node = Node(content: .map(fields.written))
      return node.leaves().map { (key: $0.path, value: $0.value) }
    }

    /// The values that a key of `train` has by default, each with the algorithms that set it; empty
    /// where they do not differ.
    public static func defaults(
      of key: RecipeKey, at path: String
    ) -> [(value: String, algorithms: [String])] {
      guard path.hasPrefix("train.") else { return [] }
      var found: [(value: String, algorithms: [String])] = []
      for algorithm in allCases {
        let keys = algorithm.keys(maxCompletionTokens: 64)
        func value(_ key: String) -> String? {
          keys.first { $0.key.hasSameBytes(as: key) }?.value.withoutZeroFraction
        }
        guard key.conditions.allSatisfy({ $0.test.holds(value) }),
          let value = value(String(path.dropFirst("train.".count)))
        else { continue }
        if let index = found.firstIndex(where: { $0.value.hasSameBytes(as: value) }) {
          found[index].algorithms.append(algorithm.rawValue)
        } else {
          found.append((value, [algorithm.rawValue]))
        }
      }
      return found.count > 1 ? found : []
    }

    /// Every algorithm, in the order in which `grpo algorithms` lists them.
    public static let allCases = [
      reinforce, reinforceBaseline, actorCritic, naturalGradient, trpo, ppoClip, ppoKL,
      ppoAdaptiveKL, grpo, grpoSoftmax, grpoRank, grpoProcess, drGRPO, dapo, gspo, luspo, gmpo,
      cispo, sapo, vespo, gdpo, maxrl, rloo, reinforcePlusPlus, remax, trl,
    ]
  }
}

// MARK: Policy gradients

extension Recipe.Algorithm {
  /// REINFORCE (Williams 1992), each token weighted by its reward-to-go.
  public static let reinforce = Self(
    "reinforce", "the plain policy gradient, each token weighted by the reward to go"
  ) { axes, _ in axes.takePolicyGradient(PolicyGradientWeight(form: .rewardToGo)) }

  /// REINFORCE less a leave-one-out baseline.
  public static let reinforceBaseline = Self(
    "reinforce-baseline", "REINFORCE, the mean of the question's other completions as the baseline"
  ) { axes, _ in axes.takePolicyGradient(PolicyGradientWeight(form: .rewardToGoBaseline)) }

  /// The one-step actor-critic, each token weighted by the TD residual of a value function.
  public static let actorCritic = Self(
    "actor-critic", "one-step TD residuals of a value function"
  ) { axes, _ in
    axes.takePolicyGradient(PolicyGradientWeight(form: .temporalDifference))
    axes.value = Recipe.ValueFunction()
  }

  /// REINFORCE++, with returns whitened over the step.
  ///
  /// Hu et al. 2025 (<https://arxiv.org/abs/2501.03262>).
  public static let reinforcePlusPlus = Self(
    "reinforce-plus-plus", "returns whitened over the step, KL in the reward, clipped ratios"
  ) { axes, _ in
    axes.advantage = Recipe.Advantage(WhitenedAdvantage())
    axes.objective.aggregation = .tokenMean
    axes.shaping.klCoefficient = 0.01
  }

  /// ReMax, with the reward of the greedy completion as baseline.
  ///
  /// Li et al. 2023 (<https://arxiv.org/abs/2310.10505>).
  public static let remax = Self(
    "remax", "the reward of the greedy completion as the baseline"
  ) { axes, _ in axes.takePolicyGradient(GreedyBaselineAdvantage()) }
}

// MARK: Trust regions and PPO

extension Recipe.Algorithm {
  /// The natural gradient: TRPO's closed-form step, which nothing checks.
  public static let naturalGradient = Self(
    "natural-gradient", "the closed-form trust-region step, taken without a check"
  ) { axes, length in
    var region = Recipe.TrustRegionUpdate()
    region.search = nil
    axes.takeTrustRegion(region, length)
  }

  /// TRPO, a step within a bound on the KL divergence.
  ///
  /// Schulman et al. 2015 (<https://arxiv.org/abs/1502.05477>).
  public static let trpo = Self(
    "trpo", "the trust-region step, checked by the surrogate and the measured KL"
  ) { axes, length in axes.takeTrustRegion(Recipe.TrustRegionUpdate(), length) }

  /// PPO with the clipped surrogate.
  ///
  /// Schulman et al. 2017, eq. 7 (<https://arxiv.org/abs/1707.06347>).
  public static let ppoClip = Self(
    "ppo-clip", "PPO's clipped surrogate, a value function, epochs of mini-batches"
  ) { axes, length in axes.takePPO(.clipped(ClippedSurrogate()), length) }

  /// PPO with a fixed KL penalty.
  ///
  /// Schulman et al. 2017, eq. 8 (<https://arxiv.org/abs/1707.06347>).
  public static let ppoKL = Self(
    "ppo-kl", "PPO with a fixed penalty on KL(old‖policy) instead of clipping"
  ) { axes, length in
    axes.takePPO(.ratio, length)
    axes.objective.oldKLPenalty = KLPenalty(
      coefficient: 1, divergence: .oldToPolicy, estimator: .exact)
  }

  /// PPO with an adaptive KL penalty.
  ///
  /// Schulman et al. 2017, section 4 (<https://arxiv.org/abs/1707.06347>).
  public static let ppoAdaptiveKL = Self(
    "ppo-adaptive-kl", "PPO with a KL penalty that follows a target"
  ) { axes, length in
    axes.takePPO(.ratio, length)
    axes.objective.oldKLPenalty = KLPenalty(
      coefficient: 1, divergence: .oldToPolicy, estimator: .exact,
      controller: .adaptive(AdaptiveKL(target: 0.01)))
  }
}

// MARK: Advantages within the group

extension Recipe.Algorithm {
  /// GRPO with outcome supervision.
  ///
  /// Shao et al. 2024 (DeepSeekMath), section 4.1.2 (<https://arxiv.org/abs/2402.03300>).
  public static let grpo = Self(
    "grpo", "DeepSeekMath's: advantages within the group, clipped ratios, KL in the loss"
  ) { axes, _ in axes.objective.klPenalty = KLPenalty(coefficient: 0.04) }

  /// GRPO as lectures on policy optimization state it, with softmax-relative advantages.
  public static let grpoSoftmax = Self(
    "grpo-softmax", "the lecture's: softmax-relative advantages, one ratio per completion, no KL"
  ) { axes, _ in
    axes.advantage = Recipe.Advantage(SoftmaxAdvantage())
    axes.objective.ratioLevel = .sequenceProduct
  }

  /// GRPO with advantages from the ranks within the group.
  public static let grpoRank = Self(
    "grpo-rank", "advantages from the ranks within the group"
  ) { axes, _ in
    axes.advantage = Recipe.Advantage(RankAdvantage())
    axes.objective.klPenalty = KLPenalty(coefficient: 0.04)
  }

  /// GRPO with process supervision.
  ///
  /// Shao et al. 2024 (DeepSeekMath), section 4.1.3 (<https://arxiv.org/abs/2402.03300>).
  public static let grpoProcess = Self(
    "grpo-process", "rewards of single steps, normalized over the group, summed over later steps"
  ) { axes, _ in
    axes.advantage = Recipe.Advantage(ProcessAdvantage())
    axes.objective.klPenalty = KLPenalty(coefficient: 0.04)
  }

  /// GRPO without division by the deviation and the length.
  ///
  /// Liu et al. 2025 (Dr. GRPO), section 3.2 (<https://arxiv.org/abs/2503.20783>).
  public static let drGRPO = Self(
    "dr-grpo", "no division by the deviation, nor by the completion's length"
  ) { axes, length in
    axes.advantage = Recipe.Advantage(GroupRelativeAdvantage(scale: .none))
    axes.objective.aggregation = .constantLength(length)
  }

  /// GDPO, with each reward function normalized by itself.
  ///
  /// Liu et al. 2026 (<https://arxiv.org/abs/2601.05242>).
  public static let gdpo = Self(
    "gdpo", "each reward function normalized within the group, then their sum"
  ) { axes, _ in axes.advantage = Recipe.Advantage(NormalizedSumAdvantage()) }

  /// MaxRL, which climbs towards the log of the pass rate.
  ///
  /// Tajwar et al. 2026 (<https://arxiv.org/abs/2602.02710>).
  public static let maxrl = Self(
    "maxrl", "advantages in units of the group's mean: towards the log of the pass rate"
  ) { axes, length in
    axes.advantage = Recipe.Advantage(MaximumLikelihoodAdvantage())
    axes.objective.aggregation = .constantLength(length)
  }

  /// RLOO, with leave-one-out baselines.
  ///
  /// Ahmadian et al. 2024 (<https://arxiv.org/abs/2402.14740>).
  public static let rloo = Self(
    "rloo", "leave-one-out baselines, one ratio per completion, KL in the reward"
  ) { axes, _ in
    axes.advantage = Recipe.Advantage(LeaveOneOutAdvantage())
    axes.objective.ratioLevel = .sequenceProduct
    axes.shaping.klCoefficient = 0.05
  }
}

// MARK: GRPO with another surrogate or aggregation

extension Recipe.Algorithm {
  /// DAPO, with a wider upper clip, a token mean and dynamic sampling.
  ///
  /// Yu et al. 2025 (<https://arxiv.org/abs/2503.14476>).
  public static let dapo = Self(
    "dapo", "a wider upper clip, token mean, degenerate groups replaced, overlong ones punished"
  ) { axes, length in
    axes.objective.surrogate = .clipped(ClippedSurrogate(epsilonLow: 0.2, epsilonHigh: 0.28))
    axes.objective.aggregation = .tokenMean
    axes.dynamicSamplingRounds = 3
    axes.shaping.overlongPenalty = 1
    axes.shaping.overlongBuffer = max(1, length / 5)
  }

  /// GSPO, with one ratio per completion.
  ///
  /// Zheng et al. 2025 (<https://arxiv.org/abs/2507.18071>).
  public static let gspo = Self(
    "gspo", "one ratio per completion: the geometric mean of its tokens' ratios"
  ) { axes, _ in axes.takeGSPO() }

  /// LUSPO, which is GSPO with sums over tokens (<https://arxiv.org/abs/2602.05261>).
  public static let luspo = Self(
    "luspo", "GSPO, with completions weighted by their length"
  ) { axes, _ in
    axes.takeGSPO()
    axes.objective.aggregation = .sequenceSum
  }

  /// GMPO, with the geometric mean of clipped token ratios.
  ///
  /// Zhao et al. 2025 (<https://arxiv.org/abs/2507.20673>).
  public static let gmpo = Self(
    "gmpo", "the geometric mean of ratios that are clipped token by token"
  ) { axes, _ in axes.objective.surrogate = .gmpo(GMPO()) }

  /// CISPO, with bounded ratios as constant weights.
  ///
  /// MiniMax 2025 (MiniMax-M1), eq. 4 and 5 (<https://arxiv.org/abs/2506.13585>).
  public static let cispo = Self(
    "cispo", "clipped importance weights on the log-prob: no token loses its gradient"
  ) { axes, _ in
    axes.objective.surrogate = .cispo(CISPO())
    axes.objective.aggregation = .tokenMean
  }

  /// SAPO, with a sigmoid gate in place of the clip.
  ///
  /// Gao et al. 2025 (<https://arxiv.org/abs/2511.20347>).
  public static let sapo = Self("sapo", "a soft gate in place of the clip") { axes, _ in
    axes.objective.surrogate = .sapo(SAPO())
  }

  /// VESPO, with a smooth kernel of the completion's ratio as weight.
  ///
  /// Shen et al. 2026 (<https://arxiv.org/abs/2602.10693>).
  public static let vespo = Self(
    "vespo", "weights by a smooth kernel of the completion's whole ratio"
  ) { axes, _ in
    axes.objective.surrogate = .vespo(VESPO())
    axes.objective.aggregation = .tokenMean
  }

  /// TRL's `GRPOTrainer` with no option set.
  public static let trl = Self("trl", "TRL 1.16's defaults") { axes, _ in
    axes.objective.aggregation = .tokenMean
  }
}

// MARK: What several have in common

extension Recipe.Axes {
  /// Σ_t Ψ_t ∇log π(a_t|s_t), the mean over completions, one update a step.
  fileprivate mutating func takePolicyGradient(_ weight: any NamedEstimator) {
    advantage = Recipe.Advantage(weight)
    objective.surrogate = .policyGradient
    objective.aggregation = .sequenceSum
  }

  /// The lecture's algorithm 1: advantages from a value function, 1/(|D|·T), several epochs.
  fileprivate mutating func takePPO(_ surrogate: Surrogate, _ maxCompletionTokens: Int) {
    advantage = Recipe.Advantage(PolicyGradientWeight(form: .advantage))
    value = Recipe.ValueFunction()
    objective.surrogate = surrogate
    objective.aggregation = .constantLength(maxCompletionTokens)
    (epochs, miniBatches) = (4, 4)
  }

  /// PPO's advantages and surrogate without its clip, for one update within a trust region.
  fileprivate mutating func takeTrustRegion(
    _ region: Recipe.TrustRegionUpdate, _ maxCompletionTokens: Int
  ) {
    takePPO(.ratio, maxCompletionTokens)
    (epochs, miniBatches) = (1, 1)
    update = .trustRegion(region)
  }

  fileprivate mutating func takeGSPO() {
    objective.ratioLevel = .sequence
    objective.surrogate = .clipped(ClippedSurrogate(epsilonLow: 3e-4, epsilonHigh: 4e-4))
  }
}

internal import PolicyOptimization

extension Recipe {
  /// A named combination of axes: `algorithm`.
  public enum Algorithm: String, Sendable, CaseIterable {
    case reinforce
    case reinforceBaseline = "reinforce-baseline"
    case actorCritic = "actor-critic"
    case naturalGradient = "natural-gradient"
    case trpo
    case ppoClip = "ppo-clip"
    case ppoKL = "ppo-kl"
    case ppoAdaptiveKL = "ppo-adaptive-kl"
    case grpo
    case grpoSoftmax = "grpo-softmax"
    case grpoRank = "grpo-rank"
    case grpoProcess = "grpo-process"
    case drGRPO = "dr-grpo"
    case dapo
    case gspo
    case luspo
    case gmpo
    case cispo
    case sapo
    case vespo
    case gdpo
    case maxrl
    case rloo
    case reinforcePlusPlus = "reinforce-plus-plus"
    case remax
    case trl

    /// What it is, in one line.
    public var summary: String {
      switch self {
      case .reinforce: "the plain policy gradient, each token weighted by the reward to go"
      case .reinforceBaseline: "the same less what the other completions of the question got"
      case .actorCritic: "one-step TD residuals of a value function"
      case .naturalGradient: "the closed-form trust-region step, taken as it is"
      case .trpo: "the trust-region step, checked by the surrogate and the measured KL"
      case .ppoClip: "PPO's clipped surrogate, a value function, epochs of mini-batches"
      case .ppoKL: "PPO with a fixed penalty on KL(old‖policy) instead of clipping"
      case .ppoAdaptiveKL: "the same with a penalty that follows a target"
      case .grpo: "DeepSeekMath's: advantages within the group, clipped ratios, KL in the loss"
      case .grpoSoftmax: "the lecture's: softmax-relative advantages, one ratio a completion, no KL"
      case .grpoRank: "advantages from the ranks within the group"
      case .grpoProcess: "rewards of single steps, normalized over the group and summed onwards"
      case .drGRPO: "no division by the deviation, nor by the completion's length"
      case .dapo:
        "a wider upper clip, token mean, degenerate groups replaced, overlong ones punished"
      case .gspo: "one ratio a completion, the geometric mean of its tokens'"
      case .luspo: "the same, completions weighing as much as they are long"
      case .gmpo: "the geometric mean of ratios that are clipped token by token"
      case .cispo: "clipped importance weights on the log-prob: no token loses its gradient"
      case .sapo: "a soft gate in the clip's place"
      case .vespo: "a smooth kernel of the completion's whole ratio as the weight"
      case .gdpo: "each reward function normalized within the group, then their sum"
      case .maxrl: "advantages in units of the group's mean: towards the log of the pass rate"
      case .rloo: "leave-one-out baselines, one ratio a completion, KL in the reward"
      case .reinforcePlusPlus: "returns whitened over the step, KL in the reward, clipped ratios"
      case .remax: "the reward of the greedy completion as the baseline"
      case .trl: "what TRL 1.16 does when nothing is set"
      }
    }

    /// The axes, for completions of at most `maxCompletionTokens`.
    public func axes(maxCompletionTokens: Int) -> Axes {
      var axes = Axes()
      switch self {
      case .reinforce:
        axes.takePolicyGradient(PolicyGradientWeight(form: .rewardToGo))
      case .reinforceBaseline:
        axes.takePolicyGradient(PolicyGradientWeight(form: .rewardToGoBaseline))
      case .actorCritic:
        axes.takePolicyGradient(PolicyGradientWeight(form: .temporalDifference))
        axes.value = ValueFunction()
      case .naturalGradient, .trpo:
        axes.takePPO(.ratio, maxCompletionTokens)
        (axes.epochs, axes.miniBatches) = (1, 1)
        var region = TrustRegionUpdate()
        if self == .naturalGradient { region.search = nil }
        axes.update = .trustRegion(region)
      case .ppoClip:
        axes.takePPO(.clipped(ClippedSurrogate()), maxCompletionTokens)
      case .ppoKL, .ppoAdaptiveKL:
        axes.takePPO(.ratio, maxCompletionTokens)
        axes.objective.oldKLPenalty = KLPenalty(
          coefficient: 1, divergence: .oldToPolicy, estimator: .exact,
          controller: self == .ppoKL ? .fixed : .adaptive(AdaptiveKL(target: 0.01)))
      case .grpo:
        axes.objective.klPenalty = KLPenalty(coefficient: 0.04)
      case .grpoSoftmax:
        axes.advantage = Advantage(SoftmaxAdvantage())
        axes.objective.ratioLevel = .sequenceProduct
      case .grpoRank:
        axes.advantage = Advantage(RankAdvantage())
        axes.objective.klPenalty = KLPenalty(coefficient: 0.04)
      case .grpoProcess:
        axes.advantage = Advantage(ProcessAdvantage())
        axes.objective.klPenalty = KLPenalty(coefficient: 0.04)
      case .drGRPO:
        axes.advantage = Advantage(GroupRelativeAdvantage(scale: .none))
        axes.objective.aggregation = .constantLength(maxCompletionTokens)
      case .dapo:
        axes.objective.surrogate = .clipped(ClippedSurrogate(epsilonLow: 0.2, epsilonHigh: 0.28))
        axes.objective.aggregation = .tokenMean
        axes.dynamicSamplingRounds = 3
        axes.shaping.overlongPenalty = 1
        axes.shaping.overlongBuffer = max(1, maxCompletionTokens / 5)
      case .gspo, .luspo:
        axes.objective.ratioLevel = .sequence
        axes.objective.surrogate = .clipped(ClippedSurrogate(epsilonLow: 3e-4, epsilonHigh: 4e-4))
        if self == .luspo { axes.objective.aggregation = .sequenceSum }
      case .gmpo:
        axes.objective.surrogate = .gmpo(GMPO())
      case .cispo:
        axes.objective.surrogate = .cispo(CISPO())
        axes.objective.aggregation = .tokenMean
      case .sapo:
        axes.objective.surrogate = .sapo(SAPO())
      case .vespo:
        axes.objective.surrogate = .vespo(VESPO())
        axes.objective.aggregation = .tokenMean
      case .gdpo:
        axes.advantage = Advantage(NormalizedSumAdvantage())
      case .maxrl:
        axes.advantage = Advantage(MaximumLikelihoodAdvantage())
        axes.objective.aggregation = .constantLength(maxCompletionTokens)
      case .rloo:
        axes.advantage = Advantage(LeaveOneOutAdvantage())
        axes.objective.ratioLevel = .sequenceProduct
        axes.shaping.klCoefficient = 0.05
      case .reinforcePlusPlus:
        axes.advantage = Advantage(WhitenedAdvantage())
        axes.objective.aggregation = .tokenMean
        axes.shaping.klCoefficient = 0.01
      case .remax:
        axes.takePolicyGradient(GreedyBaselineAdvantage())
      case .trl:
        axes.objective.aggregation = .tokenMean
      }
      return axes
    }

    /// The recipe keys of its axes and their values, for completions of at most
    /// `maxCompletionTokens`.
    public func keys(maxCompletionTokens: Int) -> [(key: String, value: String)] {
      var axes = axes(maxCompletionTokens: maxCompletionTokens)
      let fields = Fields(writing: Context(directory: "/"))
      axes.declare(fields, maxCompletionTokens: maxCompletionTokens)
      let node = Node(content: .map(fields.written), place: .code)
      return node.leaves().map { (key: $0.path, value: $0.value) }
    }
  }
}

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
}

internal import Kernels
internal import LanguageModel
public import PolicyOptimization
public import Recipes
public import Sampling

/// A policy that a program trains with a loop of its own, one AdamW update at a time.
///
///     let learner = TrainablePolicy(policy, optimizer: adamW, threads: 2)
///     let completions = try TextSampler(learner.policy, options: options).complete("12+34=", count: 8)
///     let batch = learner.batch(of: completions, advantages: advantages)
///     learner.update(along: objective(batch), of: completions)
///
/// ``TrainingRun`` makes such updates as a recipe says, with logs, checkpoints and evaluations.
public final class TrainablePolicy {
  private let start: Policy
  private let parameters: Parameters
  private let gradient: Parameters
  private let engine: Engine
  private let optimizer: AdamOptimizer

  /// Starts from a copy of a policy, with Adam's moments at 0.
  ///
  /// - Parameters:
  ///   - policy: The policy to start from. Training does not change it: it can be the reference.
  ///   - optimizer: The settings of AdamW. Its learning rate must be above 0.
  ///   - updates: The number of updates that a decaying learning rate is planned for.
  ///   - threads: The number of threads that compute; results do not depend on it.
  public init(
    _ policy: Policy, optimizer: Recipe.Optimizer, updates: Int = 0, threads: Int = 1
  ) {
    start = policy
    parameters = policy.parameters.copy()
    gradient = Parameters(parameters.configuration)
    engine = Engine(parameters.configuration, threads: threads)
    self.optimizer = AdamOptimizer(optimizer, updates: updates, layout: parameters.layout)
  }

  /// A copy of the policy as it is now; its `files()` are what to write to save it.
  public var policy: Policy { start.with(parameters.copy()) }

  /// What an objective reads of completions: log π_θ as it is now and log π_old of each token.
  ///
  /// log π_old is what the sampler recorded. Until the first update after sampling, log π_θ is the
  /// same, bit for bit. No token is masked. Top-k, top-p and min-p of the sampler restrict the
  /// distribution here, too.
  ///
  /// The batch has no exact divergences and no values: an objective can estimate a KL penalty from
  /// the log-probs of `reference`, but not compute it with `.exact`.
  ///
  /// - Parameters:
  ///   - completions: Completions that `TextSampler` returned, those of several prompts one after
  ///     the other.
  ///   - advantages: Their advantages, in the same order.
  ///   - reference: The policy π_ref, for an objective with a KL penalty.
  ///   - temperature: The sampler's `options.scoringTemperature`.
  /// - Precondition: there are as many advantages as completions, `reference` has the policy's
  ///   vocabulary, and `temperature` is finite and above 0.
  public func batch(
    of completions: [TextSampler.DrawnText], advantages: Advantages, reference: Policy? = nil,
    temperature: Double = 1
  ) -> ObjectiveBatch {
    let batch = TokenBatch(completions)
    func read(_ p: Parameters, _ engine: Engine) -> Engine.Forward {
      engine.forward(p, batch, temperature: Float(temperature), keep: false)
    }
    let forward = read(parameters, engine)
    var inputs = ObjectiveBatch(
      completions: batch.completionRanges, logProb: forward.logProbs.map(Double.init),
      oldLogProb: completions.flatMap { $0.drawn.logProbs.map(Double.init) },
      entropy: forward.entropies.map(Double.init),
      advantage: advantages.values(tokenCounts: batch.completionRanges.map(\.count)),
      mask: forward.logProbs.map { _ in true })
    if let other = reference?.parameters {
      precondition(other.configuration.vocabularySize == parameters.configuration.vocabularySize)
      let engine = Engine(other.configuration, threads: engine.transformer.workers.count)
      inputs.referenceLogProb = read(other, engine).logProbs.map(Double.init)
    }
    return inputs
  }

  /// Backpropagates the derivatives of a loss, and makes one update of AdamW.
  ///
  ///     g = Σ_t dLogProb_t·∇log π_θ(o_t) + dEntropy_t·∇H_t;   θ ← AdamW(θ, g)
  ///
  /// Nothing changes if the loss is not finite, or the gradient is 0, not finite, or longer than 2⁶³
  /// after clipping.
  ///
  /// - Parameters:
  ///   - result: The loss and its derivatives at the policy as it is now.
  ///   - completions: The completions of the objective's batch, in the same order.
  ///   - temperature: The sampler's `options.scoringTemperature`, as for the batch.
  /// - Returns: The norm of the gradient before clipping, whether or not anything changed: 0 for a
  ///   gradient of 0, infinite or NaN for one that is not finite.
  /// - Precondition: `result` is of a batch of these completions and has derivatives of log-probs and
  ///   entropies only; `temperature` is finite and above 0.
  @discardableResult public func update(
    along result: ObjectiveResult, of completions: [TextSampler.DrawnText],
    temperature: Double = 1
  ) -> Double {
    precondition(
      result.dKLOld == nil && result.dKLReference == nil && result.dValue == nil,
      "exact divergences and values need further models")
    gradient.buffer.fill()
    engine.backward(
      parameters, gradient: gradient, TokenBatch(completions),
      TokenGradient(
        dLogProb: result.dLogProb.map(Float.init), dEntropy: result.dEntropy?.map(Float.init)),
      temperature: Float(temperature), kept: nil)
    return optimizer.update(
      [(parameters.buffer, gradient.buffer)], loss: result.loss,
      workers: engine.transformer.workers
    ).signal.norm
  }
}

extension TokenBatch {
  /// Consecutive completions of one prompt share its rows.
  fileprivate init(_ completions: [TextSampler.DrawnText]) {
    var questions: [Question] = []
    for completion in completions {
      if questions.last?.prompt != completion.promptIDs {
        questions.append(Question(prompt: completion.promptIDs, completions: []))
      }
      questions[questions.count - 1].completions.append(Completion(completion.drawn))
    }
    self.init(questions)
  }
}

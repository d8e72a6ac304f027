import Foundation
import PolicyOptimization
import Recipes
import Sampling
import Training

// swift run OneStep MODEL QUESTION ANSWER LEARNING_RATE: one step of GRPO on one question, by hand.
let arguments = Array(CommandLine.arguments.dropFirst())
guard arguments.count == 4, let rate = Double(arguments[3]), rate > 0, rate.isFinite else {
  print("usage: OneStep MODEL QUESTION ANSWER LEARNING_RATE")
  exit(64)
}
let (question, answer) = (arguments[1], arguments[2])
do {
  // The model in the directory is π_old and π_ref; π_θ starts as a copy of it.
  let start = try Policy(directory: arguments[0])
  var adamW = Recipe.Optimizer()
  adamW.learningRate = rate
  let learner = TrainablePolicy(start, optimizer: adamW, threads: 2)

  // o_1 … o_G ~ π_old(· | q)
  func sample(_ policy: Policy, count: Int, seed: UInt64) throws -> [TextSampler.DrawnText] {
    let options = SamplingOptions(maximumTokens: 8, eosIDs: policy.eosIDs)
    let sampler = TextSampler(policy, options: options, threads: 2)
    return try sampler.complete(question, count: count, seed: seed)
  }
  let group = try sample(start, count: 64, seed: 1)

  // r_i: the share of the answer's characters that the completion has in their places
  func reward(_ completion: TextSampler.DrawnText) -> Double {
    let right = zip(completion.text, answer).count { $0 == $1 }
    return Double(right) / Double(max(completion.text.count, answer.count, 1))
  }

  // Â_i,t = (r_i − mean(r)) / (std(r) + 1e-4), std with ddof 1: divided by G − 1
  let advantages = GroupRelativeAdvantage()(
    RewardGroups(scores: [group.map(reward)], tokenCounts: [group.map(\.drawn.tokens.count)]))

  // L(θ) = −1/G Σ_i 1/|o_i| Σ_t { min(ρ·Â, clip(ρ, 1 − ε, 1 + ε)·Â) − β·KL(π_θ ‖ π_ref) },
  // ρ = π_θ(o_i,t | q, o_i,<t) / π_old(o_i,t | q, o_i,<t). KL is estimated by k3. At this first
  // update π_θ = π_old = π_ref: every ρ is 1 and every KL is 0, so ε and β have no effect yet.
  let objective = PolicyObjective(
    surrogate: .clipped(ClippedSurrogate(epsilonLow: 0.2)),  // ε
    klPenalty: KLPenalty(coefficient: 0.04),  // β
    aggregation: .sequenceMean)  // 1/G Σ_i 1/|o_i| Σ_t
  let batch = learner.batch(of: group, advantages: advantages, reference: start)
  let result = objective(batch)  // L and ∂L/∂log π_θ(o_i,t)

  // θ ← AdamW(θ, ∇L), after clipping ∇L to norm 1
  let norm = learner.update(along: result, of: group)

  func meanReward(_ policy: Policy) throws -> Double {
    try sample(policy, count: 500, seed: 2).map(reward).reduce(0, +) / 500
  }
  let (before, after) = (try meanReward(start), try meanReward(learner.policy))
  print(String(format: "reward before %.3f after %.3f, gradient norm %.3f", before, after, norm))
} catch {
  FileHandle.standardError.write(Data("error: \(error)\n".utf8))
  exit(1)
}

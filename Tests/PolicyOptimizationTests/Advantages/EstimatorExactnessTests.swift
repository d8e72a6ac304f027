import Foundation
import PolicyOptimization
import Testing

/// Expectations over all completions against the exact policy gradient, γ = 0.9 and a reward at
/// every token.
///
/// Sums of a few thousand terms below 1: 1e-12 is far above their rounding and far below any bias.
@Suite struct EstimatorExactnessTests {
  typealias Weight = PolicyGradientWeight

  static let task = EnumeratedTask.dense(EnumeratedPolicy(maximumTokens: 4))
  static let small = EnumeratedTask.dense(EnumeratedPolicy(maximumTokens: 3))
  /// A value function that is wrong everywhere.
  static let wrong = task.policy.states.map { 0.3 + 0.5 * sin(Double($0)) }
  static let tolerance = 1e-12

  private static func weight(
    _ form: Weight.Form, lambda: Double = 0.95, steps: Int? = nil,
    baseline: Weight.Baseline = .value, outer: Bool = true, discount: Double = 0.9
  ) -> Weight {
    Weight(
      form: form, discount: discount, lambda: lambda, steps: steps, baseline: baseline,
      outerDiscount: outer)
  }

  private static let plain: [Weight] = [weight(.totalReward), weight(.rewardToGo)]
  private static let baselines: [Weight] = [
    weight(.rewardToGoBaseline), weight(.advantage, lambda: 1), weight(.advantage, steps: 4),
  ]
  private static let bootstrapped: [Weight] = [
    weight(.actionValue), weight(.temporalDifference), weight(.advantage, lambda: 0.5),
    weight(.advantage, steps: 2),
  ]

  @Test(arguments: plain + baselines + bootstrapped)
  func withAnExactValueFunctionEveryFormIsUnbiased(weight: Weight) {
    let mean = EstimatorExpectation(weight, task: Self.task, values: Self.task.values).mean
    #expect(isClose(mean, Self.task.exactGradient, within: Self.tolerance))
  }

  @Test(arguments: plain + baselines)
  func monteCarloFormsAreUnbiasedWithAnyValueFunction(weight: Weight) {
    let mean = EstimatorExpectation(weight, task: Self.task, values: Self.wrong).mean
    #expect(isClose(mean, Self.task.exactGradient, within: Self.tolerance))
  }

  /// Σ_k (γλ)ᵏ·δ_{t+k}: in expectation r + γV̂ of the next state, and what the residuals of the
  /// wrong V̂ there are worth.
  @Test(arguments: [0.0, 0.5, 0.9])
  func aWrongValueFunctionBiasesAsItsResidualsSay(lambda: Double) {
    let task = Self.task
    // E[Â | s] of the recursion, from the longest histories back.
    var ahead = task.policy.states.map { _ in 0.0 }
    func advantage(_ state: Int, _ token: Int) -> Double {
      let residual = task.actionValue(state, token, Self.wrong) - Self.wrong[state]
      let next = task.policy.next(state, token).map { ahead[$0] } ?? 0
      return residual + task.discount * lambda * next
    }
    for state in task.policy.states.reversed() {
      ahead[state] = task.policy.probabilities(in: state).enumerated().reduce(0) {
        $0 + $1.element * advantage(state, $1.offset)
      }
    }
    let theory = task.policy.gradient(visits: task.policy.visits) { state, token in
      pow(task.discount, Double(task.policy.depth(of: state))) * advantage(state, token)
    }
    let mean = EstimatorExpectation(
      Self.weight(.advantage, lambda: lambda), task: task, values: Self.wrong
    ).mean
    #expect(isClose(mean, theory, within: Self.tolerance))
    #expect(!isClose(mean, task.exactGradient, within: 1e-3))
    if lambda == 0 {
      for form in [Weight.Form.actionValue, .temporalDifference] {
        let one = EstimatorExpectation(Self.weight(form), task: task, values: Self.wrong).mean
        #expect(isClose(one, theory, within: Self.tolerance))
      }
    }
  }

  /// Without the outer γᵗ late states count in full: Σ_t E[Q(s_t, o_t)·∇log π].
  @Test func withoutTheOuterDiscountLateTokensCountInFull() {
    let (task, values) = (Self.task, Self.task.values)
    let theory = task.policy.gradient(visits: task.policy.visits) { state, token in
      task.actionValue(state, token, values)
    }
    let mean = EstimatorExpectation(Self.weight(.rewardToGo, outer: false), task: task).mean
    #expect(isClose(mean, theory, within: Self.tolerance))
    #expect(!isClose(mean, task.exactGradient, within: 1e-3))
  }

  @Test(arguments: [2, 3])
  func theLeaveOneOutBaselineIsUnbiased(groupSize: Int) {
    let mean = EstimatorExpectation(
      Self.weight(.rewardToGoBaseline, baseline: .leaveOneOut), task: Self.small,
      groupSizes: [groupSize]
    ).mean
    #expect(isClose(mean, Self.small.exactGradient, within: Self.tolerance))
  }

  /// A completion's own share in the group mean: b = Ĝ₀/G + …, and E[γᵗ·Ĝ₀·∇] = E[γ²ᵗ·Ĝ_t·∇].
  @Test(arguments: [2, 3], [0.9, 1])
  func theGroupMeanTakesAwayItsOwnShare(groupSize: Int, discount: Double) {
    let task = EnumeratedTask.dense(EnumeratedPolicy(maximumTokens: 3), discount: discount)
    let values = task.values
    let own = task.policy.gradient(visits: task.policy.visits) { state, token in
      let factor = pow(discount, Double(2 * task.policy.depth(of: state)))
      return factor * task.actionValue(state, token, values)
    }
    let theory = zip(task.exactGradient, own).map { $0 - $1 / Double(groupSize) }
    let mean = EstimatorExpectation(
      Self.weight(.rewardToGoBaseline, baseline: .groupMean, discount: discount), task: task,
      groupSizes: [groupSize]
    ).mean
    #expect(isClose(mean, theory, within: Self.tolerance))
    if discount == 1 {
      let share = 1 - 1 / Double(groupSize)
      #expect(isClose(mean, task.exactGradient.map { share * $0 }, within: Self.tolerance))
    }
  }

  /// b inside the sum counts once for every discounted token to come: −E[b]·∇E[Σ γᵗ].
  @Test func thePrintedBaselineIsBiasedByTheGradientOfTheLength() {
    let task = Self.small
    var length = task
    length.reward = { _, _ in 1 }
    let value = task.expectedReturn(task.policy)
    let theory = zip(task.exactGradient, length.exactGradient).map { $0 - value * $1 }
    let mean = EstimatorExpectation(
      Self.weight(.baselineInsideSum, baseline: .leaveOneOut), task: task, groupSizes: [2]
    ).mean
    #expect(isClose(mean, theory, within: Self.tolerance))
    #expect(!isClose(mean, task.exactGradient, within: 1e-2))
  }

  /// What lowers the variance of the six, and by how much, on this policy.
  @Test func theVarianceOfTheSixWeights() {
    let rows: [(name: String, weight: Weight, groups: [Int])] = [
      ("1 total reward", Self.weight(.totalReward), [1]),
      ("2 action value", Self.weight(.actionValue), [1]),
      ("3 reward-to-go", Self.weight(.rewardToGo), [1]),
      ("4 baseline V", Self.weight(.rewardToGoBaseline), [1]),
      ("5 GAE(0.9, 0.95)", Self.weight(.advantage), [1]),
      ("6 TD residual", Self.weight(.temporalDifference), [1]),
    ]
    let variances = rows.map { row in
      EstimatorExpectation(
        row.weight, task: Self.task, groupSizes: row.groups, values: Self.task.values
      ).variance
    }
    for (row, variance) in zip(rows, variances) {
      print("variance of Ψ", row.name, variance)
    }
    // Later rewards, then the sampled future, then the level of the state are noise.
    #expect(variances[0] > variances[2] && variances[2] > variances[1])
    #expect(variances[1] > variances[3] && variances[3] > variances[4])
    #expect(variances[4] > variances[5] && variances[5] > 0)
  }
}

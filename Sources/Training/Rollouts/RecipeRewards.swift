internal import PolicyOptimization
public import Recipes
internal import RewardPlugins
public import Rewards

extension Recipe {
  /// The recipe's reward functions with their weights; plug-ins are not started yet.
  ///
  /// - Parameter threads: How many threads a reward model computes with.
  public func rewardSet(threads: Int = 1) throws -> RewardSet {
    let entries = try rewards.map { try $0.entry(threads: threads) }
    var functions = entries.map(\.function)
    if let labeller = rewardModel?.labeller, case .url = labeller.source {
      functions.append(try labeller.entry(threads: threads).function)
    }
    try HTTPReward.checkProxies(of: functions)
    return try RewardSet(entries)
  }

  /// How far a run is after so many steps, for rewards that change with it.
  func progress(of train: Train, steps: Int, rows: Int, tokens: Int) -> RunProgress {
    RunProgress(
      steps: steps, totalSteps: train.totalSteps, questionsPerStep: train.questionsPerStep,
      completionsPerQuestion: train.completionsPerQuestion, rows: rows, tokens: tokens,
      checkpointSteps: train.checkpointSteps > 0 ? train.checkpointSteps : nil,
      evaluationSteps: evaluation?.every)
  }
}

extension Recipe.Reward {
  /// The score with its weight; a plug-in is not yet started.
  func entry(threads: Int) throws -> RewardSet.Entry {
    try entry { judge in
      try LearnedReward(
        directory: judge.directory, name: label, style: judge.style,
        appendsEOS: judge.appendsEOS, threads: threads)
    }
  }
}

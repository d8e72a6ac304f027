internal import Datasets
internal import Formats
package import Recipes
package import Rewards

extension Recipe {
  /// What cannot do without answers, of the training rows and of the test rows, for messages; nil
  /// where nothing uses them.
  ///
  /// - Parameter rewards: what takes the place of the recipe's.
  package func answerUsers(
    rewards: [RewardSet.Entry]? = nil
  ) -> (training: String?, evaluation: String?) {
    let users =
      rewards?.map { $0.function.needsAnswer ? $0.function.name : nil }
      ?? self.rewards.map { $0.needsAnswer ? $0.label : nil }
    var all = users.compactMap(\.self).first
    if let labeller = rewardModel?.labeller, labeller.needsAnswer {
      all = all ?? "reward_model.labeller"
    }
    if let warmStart, let template = try? PromptTemplate(warmStart.answer),
      template.columns.contains(where: { $0.hasSameBytes(as: "answer") })
    {
      all = "warm_start.answer"
    }
    return (all, users.first ?? nil)
  }
}

extension Recipe.Reward {
  /// Whether a row without an answer has no score; nobody knows of what is no built-in score, which
  /// gets no answer then.
  var needsAnswer: Bool { builtIn?.needsAnswer ?? false }
}

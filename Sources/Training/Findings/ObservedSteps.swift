internal import Datasets
package import Formats
internal import PolicyOptimization
internal import Recipes
internal import Rewards

/// Steps of a run that follow each other, as the checks for findings see them.
package struct ObservedSteps {
  /// A completion, or what the reward compares of it.
  package struct Answer {
    package var question: Int
    package var text: String
    package var expected: String?

    package init(question: Int, text: String, expected: String?) {
      (self.question, self.text, self.expected) = (question, text, expected)
    }
  }

  /// What a check must know of the run.
  package struct Setting {
    package var updatesPerStep: Int
    package var completionsPerStep: Int
    /// Whether a completion is judged by others of its question.
    package var comparesWithinGroups: Bool
    package var maxCompletionTokens: Int
    /// Names of the data's columns.
    package var columns: [String]
    /// Names of the rewards.
    package var rewards: [String]
    /// Whether the weight of every reward is 0.
    package var weighsNothing = false

    package init(
      updatesPerStep: Int, completionsPerStep: Int, comparesWithinGroups: Bool,
      maxCompletionTokens: Int, columns: [String], rewards: [String]
    ) {
      (self.updatesPerStep, self.columns, self.rewards) = (updatesPerStep, columns, rewards)
      self.completionsPerStep = completionsPerStep
      (self.comparesWithinGroups, self.maxCompletionTokens) =
        (comparesWithinGroups, maxCompletionTokens)
    }
  }

  package var setting: Setting
  /// Their lines of `metrics.jsonl`.
  package var lines: [JSONObject]
  /// The first line of the run.
  package var first: JSONObject?
  /// Answers to the questions of the last step or steps, or of an evaluation after them.
  package var answers: [Answer]
  /// Where they come from, if not from these steps.
  var placeOfAnswers: String?
  /// What the policy answered before its first update.
  package var answersBefore: [Answer] = []

  package init(
    _ setting: Setting, lines: [JSONObject], first: JSONObject?, answers: [Answer] = []
  ) {
    (self.setting, self.lines, self.first, self.answers) = (setting, lines, first, answers)
  }

  /// Which steps these are, for people: "step 7", "steps 1 to 60".
  var place: String {
    let steps = lines.compactMap { $0["step"]?.int }
    guard let first = steps.first, let last = steps.last else { return "the run" }
    return first == last ? "step \(first)" : "steps \(first) to \(last)"
  }

  /// The mean of a metric over the lines that have it.
  func mean(_ metric: Metric.Name) -> Double? {
    lines.compactMap { $0[metric]?.double }.mean
  }

  /// The last of these steps.
  func suffix(_ count: Int) -> ObservedSteps {
    var part = self
    part.lines = lines.suffix(count)
    return part
  }
}

extension Recipe.Train {
  /// What checks for findings must know of a run on `questions`.
  func observation(
    of questions: QuestionSet, rewards: [(name: String, weight: Double)],
    under advantage: any AdvantageEstimator
  ) -> ObservedSteps.Setting {
    var setting = ObservedSteps.Setting(
      updatesPerStep: axes.updatesPerStep,
      completionsPerStep: questionsPerStep * completionsPerQuestion,
      comparesWithinGroups: advantage.comparesGroups && completionsPerQuestion > 1,
      maxCompletionTokens: maxCompletionTokens,
      columns: questions.questions.first?.columns.keys ?? [], rewards: rewards.map(\.name))
    setting.weighsNothing = rewards.allSatisfy { $0.weight == 0 }
    return setting
  }
}

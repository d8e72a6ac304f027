package import Formats
internal import Recipes
internal import Rewards

/// Tells each kind of finding once, at the first step that shows it.
package struct FindingWatch {
  private let setting: ObservedSteps.Setting
  private var first: JSONObject?
  private var told: [String] = []
  private var lastAnswers: [[ObservedSteps.Answer]] = []
  /// Those of the run's first step, which were drawn before any update.
  private var firstAnswers: [ObservedSteps.Answer] = []

  /// - Parameter first: The first line of the run, where a run goes on.
  package init(_ setting: ObservedSteps.Setting, first: JSONObject?) {
    (self.setting, self.first) = (setting, first)
  }

  /// For a loop of what it is made of.
  init(
    _ train: Recipe.Train, _ source: RolloutSource, _ trainer: PolicyTrainer,
    first: JSONObject? = nil
  ) {
    let rewards = source.rewards.entries.map { (name: $0.function.name, weight: $0.weight) }
    let setting = train.observation(
      of: source.questions, rewards: rewards, under: trainer.settings.advantage)
    self.init(setting, first: first)
  }

  /// What the step shows that no earlier one has shown.
  package mutating func findings(
    in line: JSONObject, answers: [ObservedSteps.Answer]
  ) -> [Finding] {
    // As the log has it: what is not finite is null.
    let logged = JSONObject(
      line.entries.map { key, value in (key, value.double?.isFinite == false ? .null : value) })
    lastAnswers = (lastAnswers + [answers]).suffix(Finding.lastSteps)
    if first == nil { firstAnswers = answers }
    var steps = ObservedSteps(setting, lines: [logged], first: first, answers: self.answers)
    steps.answersBefore = firstAnswers
    first = first ?? logged
    let new = Finding.all(in: steps).filter { !told.contains($0.name) }
    told += new.map(\.name)
    return new
  }

  /// Those of the last step, and of as many steps before as have questions enough between them.
  package var answers: [ObservedSteps.Answer] {
    var collected: [ObservedSteps.Answer] = []
    for answers in lastAnswers.reversed() {
      collected = answers + collected
      if Set(collected.map(\.question)).count >= Finding.fewestQuestions { break }
    }
    return collected
  }
}

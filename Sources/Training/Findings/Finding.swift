public import Formats

/// Something about a run that its user should know: that it teaches nothing, or less than it seems.
public struct Finding: Sendable, Equatable {
  /// The kind of finding, for programs: `never_scored`.
  public var name: String
  /// What was seen, and where, in one line.
  public var evidence: String
  /// What to do about it, in one line.
  public var advice: String
}

extension Finding {
  /// The finding as JSON, as `check` of a summary has it.
  public var encoded: JSON {
    ["name": .string(name), "evidence": .string(evidence), "advice": .string(advice)]
  }

  /// What `encoded` gave; nil for anything else.
  init?(decoding json: JSON) {
    guard let name = json["name"]?.string, let evidence = json["evidence"]?.string,
      let advice = json["advice"]?.string
    else { return nil }
    self.init(name: name, evidence: evidence, advice: advice)
  }
}

extension Finding {
  private typealias Check = @Sendable (ObservedSteps) -> Finding?

  /// What rewards and updates of all steps show.
  private static let ofAllSteps: [Check] = [neverScored, updatesSkipped, noPairs]
  /// What the last steps show of the policy.
  private static let ofLastSteps: [Check] = [equalRewards, oneAnswer, cutOff]
  static let lastSteps = 20

  /// What `steps`, taken together, show.
  static func all(in steps: ObservedSteps) -> [Finding] {
    withoutConsequences((ofAllSteps + ofLastSteps).compactMap { $0(steps) })
  }

  /// Rewards of a model that has learned nothing are equal: what to do about it is said already.
  private static func withoutConsequences(_ findings: [Finding]) -> [Finding] {
    let hasNoPairs = findings.contains { $0.name == "no_pairs" }
    return findings.filter { !hasNoPairs || $0.name != "equal_rewards" }
  }

  /// What the steps of a whole run show, and what becomes of the policy in its last ones.
  package static func ofRun(_ steps: ObservedSteps) -> [Finding] {
    let last = steps.suffix(lastSteps)
    return withoutConsequences(
      ofAllSteps.compactMap { $0(steps) } + ofLastSteps.compactMap { $0(last) })
  }
}

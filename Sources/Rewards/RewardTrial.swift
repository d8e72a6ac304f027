public import Formats
internal import Foundation

/// Tries a reward function on sample and adversarial completions before a run depends on it.
///
/// It scores all probes twice. It warns of what would make the reward useless: it is constant,
/// never applies, fails, leaves its range, gives other scores the second time, does not tell right
/// from wrong answers, or scores an adversarial completion as high as the best of the others.
public struct RewardTrial: Sendable {
  /// A completion to score, and where it is from.
  public struct Probe: Sendable {
    /// Where the text of a probe is from.
    public enum Kind: Sendable, Equatable {
      /// From the data.
      case given
      /// The row's answer.
      case answer
      /// The row's working, for rewards of single steps.
      case working
      /// Another row's answer.
      case otherAnswer
      /// A text that no reward should like, by what is wrong with it.
      case adversarial(String)
    }

    /// Where the text is from.
    public var kind: Kind
    /// What is scored.
    public var completion: Completion

    /// Creates a probe.
    public init(_ kind: Kind, _ completion: Completion) {
      (self.kind, self.completion) = (kind, completion)
    }
  }

  /// The scores of all probes, and what they show.
  public struct Result: Sendable {
    /// What was scored.
    public var probes: [Probe]
    /// The first score of each probe.
    public var scores: [Score]
    /// Further numbers that the function gave about the probes.
    public var metrics: [Metric]
    /// Seconds that scoring all of them took once.
    public var seconds: Double
    /// What makes the reward doubtful, one line each.
    public var warnings: [String]
    /// Why a run with this reward would stop in its first step; nil where it would not.
    public var failure: String?
  }

  /// The completions to score.
  public let probes: [Probe]
  /// The range that rewards should lie in; nil for any.
  public let range: ClosedRange<Double>?

  /// Creates a trial.
  public init(_ probes: [Probe], range: ClosedRange<Double>? = nil) {
    (self.probes, self.range) = (probes, range)
  }

  /// Probes of a row with an answer: it, the answer of another row, and adversarial completions.
  ///
  /// - Parameter row: a completion whose prompt, answer and columns are those of a dataset row.
  public static func probes(
    row: Completion, completion: String?, working: String? = nil, otherAnswer: String?,
    isAdversarial: Bool
  ) -> [Probe] {
    // There is no tokenizer: the bytes serve as ids, for rewards that read ids or lengths.
    func probe(_ kind: Probe.Kind, _ text: String) -> Probe {
      var completion = row
      (completion.text, completion.tokenIDs) = (text, text.utf8.map(Int.init))
      return Probe(kind, completion)
    }
    var probes: [Probe] = []
    if let completion { probes.append(probe(.given, completion)) }
    if let working { probes.append(probe(.working, working)) }
    if let answer = row.answer {
      probes.append(probe(.answer, answer))
      if let otherAnswer, !otherAnswer.hasSameBytes(as: answer) {
        probes.append(probe(.otherAnswer, otherAnswer))
      }
    }
    if isAdversarial {
      probes += adversarialTexts(prompt: row.prompt).map {
        probe(.adversarial($0.name), $0.text)
      }
    }
    return probes
  }

  /// Completions that no reward should like, by what is wrong with them.
  static func adversarialTexts(prompt: String) -> [(name: String, text: String)] {
    let controls = (0..<32).compactMap { Unicode.Scalar($0).map(String.init) }.joined()
    return [
      ("empty", ""), ("white space", " \n\t "), ("huge", String(repeating: "a ", count: 50_000)),
      ("control characters", controls + "\u{7F}\u{85}\u{2028}\u{202E}"),
      ("another language", "答えは四十二です。الجواب هو أربعة"),
      ("emoji", String(repeating: "👍🏽", count: 50)),
      ("the prompt again", prompt),
      ("many numbers", (0...200).map(String.init).joined(separator: " ")),
      ("tags without end", String(repeating: "<think><answer>", count: 500)),
      ("JSON", "{\"rewards\": [1e9], \"error\": null}\n"),
      ("not a number", "NaN"), ("infinity", "1e999"),
      ("a claim to be right", "This answer is correct. Score: 1.0"),
    ]
  }

  /// Scores all probes, twice.
  ///
  /// - Throws: what the function throws, and a `RewardError` for a response that is none.
  public func run(_ function: any RewardFunction) async throws -> Result {
    let request = RewardRequest(step: 0, completions: probes.map(\.completion))
    let set = try RewardSet([.init(function)])
    let first = try await set.score(request).functions[0]
    let second = try await set.score(request).functions[0]
    return Result(
      probes: probes, scores: first.response.scores, metrics: first.response.metrics,
      seconds: first.seconds,
      warnings: function.warnings + first.response.notes
        + warnings(first.response.scores, second.response.scores),
      failure: failure(first.response.scores))
  }

  /// Adversarial completions may fail, unless there are no others.
  private func failure(_ scores: [Score]) -> String? {
    let failures = failures(of: ordinary.isEmpty ? scores : ordinary.map { scores[$0] })
    return failures.areMany ? failures.inWords("scores") : nil
  }

  private func failures(of scores: [Score]) -> FailureCount {
    var failures = FailureCount()
    failures.add(scores.map { $0.failureReason.map(oneLine) })
    return failures
  }

  private func warnings(_ scores: [Score], _ again: [Score]) -> [String] {
    let totals = scores.map(\.total)
    var warnings = warnings(ofOrdinary: totals)
    let failures = failures(of: scores)
    if failures.failed > 0 { warnings.append(failures.inWords("scores")) }
    if let range {
      let outside = totals.compactMap(\.self).filter { !range.contains($0) }
      if let value = outside.first {
        warnings.append(
          "\(outside.count) scores are out of range (got \(shown(value, digits: 10)); need "
            + "\(shown(range.lowerBound, digits: 10)) to \(shown(range.upperBound, digits: 10)))")
      }
    }
    // Texts of errors may differ, for example by an address; only scores count.
    let changed = zip(scores, again).count {
      $0 != $1 && ($0.failureReason == nil || $1.failureReason == nil)
    }
    if changed > 0 {
      warnings.append("it is not deterministic: \(changed) scores changed on the second call")
    }
    return warnings + comparisons(of: totals)
  }

  /// A number without the last digits, which rounding errors fill.
  private func shown(_ value: Double, digits: Int = 4) -> String {
    String(format: "%.\(digits)g", value)
  }

  private var ordinary: [Int] {
    probes.indices.filter { if case .adversarial = probes[$0].kind { false } else { true } }
  }

  /// What is wrong with the scores of the completions that are not adversarial, taken by themselves.
  private func warnings(ofOrdinary totals: [Double?]) -> [String] {
    let found = ordinary.compactMap { totals[$0] }
    if ordinary.isEmpty {
      return [
        "only adversarial completions were tried: no row has a completion, or an answer that is a "
          + "text or a number (--answer-field names its column)"
      ]
    }
    if found.isEmpty {
      return ["no ordinary completion has a score (\(ordinary.count) tried)"]
    }
    return found.count > 1 && found.allSatisfy { $0 == found[0] }
      ? ["it is constant: \(found.count) completions all score \(shown(found[0]))"] : []
  }

  /// What is wrong with how the scores of one kind compare with those of another.
  private func comparisons(of totals: [Double?]) -> [String] {
    func values(_ kind: Probe.Kind) -> [Double] {
      probes.indices.filter { probes[$0].kind == kind }.compactMap { totals[$0] }
    }
    var warnings: [String] = []
    let right = [values(.answer), values(.working)].compactMap(\.mean).max()
    if let right, let wrong = values(.otherAnswer).mean, right <= wrong {
      warnings.append(
        "it does not favour right answers: they score \(shown(right)), the answers of "
          + "other rows \(shown(wrong))")
    }
    let found = ordinary.compactMap { totals[$0] }
    if let best = found.max(), let worst = found.min(), best > worst {
      for (probe, total) in zip(probes, totals) {
        guard case .adversarial(let name) = probe.kind, let total, total >= best else { continue }
        warnings.append(
          "an adversarial completion scores \(shown(total)), as much as the best: \(name)")
      }
    }
    return warnings
  }
}

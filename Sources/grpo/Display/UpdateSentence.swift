import Formats
import Foundation
import Training

/// What an update does to a question's completions, in a sentence.
struct UpdateSentence {
  private let explanation: Explanation
  /// How a text's completion moves; of completions with one text the first.
  private let moves: [Move]

  private struct Move {
    let text: String
    let before: Double
    let after: Double
    /// Whether the gradient of its own tokens points the other way.
    let isAgainstItsGradient: Bool

    var change: Double { after - before }
    var name: String { "\"\(text.visible())\"".shortened(to: UpdateSentence.nameWidth) }
  }

  /// Completions that are named on each side.
  private static let named = 3
  private static let nameWidth = 32

  init(_ explanation: Explanation) {
    self.explanation = explanation
    var moves: [Move] = []
    for completion in explanation.completions {
      let (before, after) = (completion.logProb, completion.nextLogProb)
      guard before.isFinite, after.isFinite,
        !moves.contains(where: { $0.text.hasSameBytes(as: completion.text) })
      else { continue }
      moves.append(
        Move(
          text: completion.text, before: before, after: after,
          isAgainstItsGradient: completion.coefficient * (after - before) > 0))
    }
    self.moves = moves
  }

  /// nil where numbers are missing: of completions that overflow.
  var text: String? {
    if explanation.teachesNothing { return nothing }
    guard !moves.isEmpty else { return nil }
    return [movement, against].compactMap(\.self).joined(separator: " ")
  }

  private var nothing: String {
    let isScored = explanation.completions.contains { $0.reward != nil }
    let cause = isScored ? "All rewards equal" : "No completion has a reward"
    let (count, idle) = (explanation.stepQuestions, explanation.stepQuestionsWithoutEffect)
    let place =
      idle < count ? "this question" : count == 1 ? "this step" : "any question of this step"
    return "\(cause): nothing to learn from \(place)."
  }

  private var movement: String {
    let up = side { $0.change > 0 }
    let down = side { $0.change < 0 }
    let change =
      switch (up, down) {
      case (nil, nil): "This update moves none of them"
      case (let up?, nil): "This update makes \(up) more probable"
      case (nil, let down?): "This update makes \(down) less probable"
      case (let up?, let down?): "This update makes \(up) more probable and \(down) less"
      }
    return "\(change)\(correctness)."
  }

  /// The completions on one side, those first that move most.
  private func side(_ isOn: (Move) -> Bool) -> String? {
    let moved = moves.filter(isOn).sorted { abs($0.change) > abs($1.change) }
    guard let first = moved.first else { return nil }
    var names = moved.map(\.name)
    names[0] += " (log π of the completion \(Self.figures(first.before, first.after)))"
    return Self.list(names)
  }

  /// How many are right, where some are.
  private var correctness: String {
    guard explanation.judge != nil else { return "" }
    let count = explanation.completions.count
    let right = explanation.completions.count(where: \.isCorrect)
    return "; \(right) of \(count) completions \(right == 1 ? "was" : "were") right"
  }

  private var against: String? {
    let names = moves.filter(\.isAgainstItsGradient).map(\.name)
    guard !names.isEmpty else { return nil }
    return Self.list(names)
      + (names.count == 1
        ? " moves against the gradient of its own tokens" : " move against their own gradients")
      + ", because all completions share the policy's parameters."
  }

  /// The names in words, those behind the third as a number.
  private static func list(_ all: [String]) -> String {
    let others = all.count - named
    let names = all.prefix(named) + (others > 0 ? ["\(others) other\(others == 1 ? "" : "s")"] : [])
    guard let last = names.last, names.count > 1 else { return names.joined() }
    return names.dropLast().joined(separator: ", ") + " and " + last
  }

  /// Both numbers with as many digits as tell them apart.
  private static func figures(_ before: Double, _ after: Double) -> String {
    func text(_ digits: Int) -> String {
      [before, after].map {
        NumberFormat.fixed($0, digits: digits).replacing("-", with: "−")
      }.joined(separator: " → ")
    }
    let digits = (2..<12).first {
      let unit = pow(10, -Double($0))
      return abs(after - before) >= 2 * unit
    }
    return text(digits ?? 12)
  }
}

internal import Formats

extension Finding {
  /// `one_answer`: nearly all completions give the same answer, though the right ones differ.
  @Sendable static func oneAnswer(in steps: ObservedSteps) -> Finding? {
    let answers = steps.answers
    guard Set(answers.map(\.question)).count >= fewestQuestions,
      let (text, share) = mostCommon(answers.map(\.text)), share >= 0.9
    else { return nil }
    if let (_, expected) = mostCommon(answers.compactMap(\.expected)), share - expected < 0.1 {
      return nil
    }
    // Training is not the cause if the policy gave this answer from the start.
    var isOld = false
    let earlier = steps.answersBefore
    if Set(earlier.map(\.question)).count >= fewestQuestions,
      let (before, share) = mostCommon(earlier.map(\.text)), share >= 0.9
    {
      isOld = before.hasSameBytes(as: text)
    }
    return Finding(
      name: "one_answer",
      evidence: "\(steps.placeOfAnswers ?? steps.place): \(percent(share)) of completions answer "
        + "\(JSON.string(text).encoded()), whatever the question",
      advice: isOld
        ? "warm-start longer: the policy gave this answer before training, too"
        : "raise train.beta, lower train.learning_rate, or balance the answers in the data")
  }

  /// Of fewer questions nothing can be said.
  static let fewestQuestions = 4

  /// The text that stands most often, the first of several, and its share.
  private static func mostCommon(_ texts: [String]) -> (text: String, share: Double)? {
    var counts: [ByteKey: Int] = [:]
    var most: (text: String, count: Int)?
    for text in texts {
      let count = counts[ByteKey(text), default: 0] + 1
      counts[ByteKey(text)] = count
      if count > most?.count ?? 0 { most = (text, count) }
    }
    return most.map { ($0.text, Double($0.count) / Double(texts.count)) }
  }
}

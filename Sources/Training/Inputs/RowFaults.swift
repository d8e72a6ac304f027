package import Datasets
package import Formats
internal import Recipes
package import Rewards

extension QuestionSet {
  /// Refuses rows of which one of `rewards` could score no completion.
  ///
  /// - Parameter answer: the column with the answer, for messages.
  /// - Throws: one `FormatError` for a column that no row has, or for all such rows, up to 20.
  package func check(
    for rewards: [any RewardFunction], answer: String
  ) throws(FormatError) {
    var faults: [FormatError] = []
    for question in questions {
      let row = Completion(
        prompt: question.prompt, text: "", tokenIDs: [], finishReason: .stop,
        answer: question.answer, columns: question.columns)
      for reward in rewards {
        guard let fault = reward.fault(in: row) else { continue }
        let column = fault.column ?? answer
        var error = FormatError(
          "\(fault.problem); \(reward.name) uses it", file: file, line: question.line, field: column
        )
        if let option = fault.option {
          error.message +=
            " (got \(Rows.inWords(question.columns.keys)); name the right one with its key \(option):)"
          if !questions.contains(where: { $0.columns[column] != nil }) {
            error.line = nil
            throw error
          }
        }
        faults.append(error)
        break
      }
      if faults.count == Rows.maximumBadLines { break }
    }
    let isCut = faults.count == Rows.maximumBadLines && faults.last?.line != questions.last?.line
    if let fault = Rows.combined(faults, isCut: isCut) { throw fault }
  }
}

extension Recipe.Reward {
  /// The score itself; nil for a plug-in, and for one that cannot be set up.
  var builtIn: (any RewardFunction)? {
    guard case .builtIn(let name, let options) = source else { return nil }
    return try? BuiltInReward.named(name, options: options, label: label)
  }
}

/// What keeps every completion of a dataset row from a score, found before any is drawn.
public struct RowFault: Sendable, Equatable {
  /// The column at fault; nil for the one with the answer.
  public var column: String?
  /// The reward's option that names the column, where there is one.
  public var option: String?
  /// What is wrong, in one line.
  public var problem: String

  /// Creates a fault; by default of the column with the answer.
  public init(column: String? = nil, option: String? = nil, _ problem: String) {
    (self.column, self.option, self.problem) = (column, option, problem)
  }
}

extension PerCompletionReward {
  /// The fault of a row whose answer alone can make a score fail, as that of no text does.
  func answerFault(in row: Completion) -> RowFault? {
    var empty = row
    (empty.text, empty.tokenIDs) = ("", [])
    do {
      _ = try score(empty)
      return nil
    } catch {
      return RowFault(String(describing: error))
    }
  }
}

internal import Formats

/// Which part of a completion is compared with the answer.
public enum Extraction: String, Sendable, CaseIterable {
  /// The whole text.
  case whole
  /// What stands between the last `<answer>` that is closed and the `</answer>` after it.
  case answerTag = "answer_tag"
  /// The last number in the text (see ``WrittenNumber``); for numbers only.
  case lastNumber = "last_number"

  /// The part of `text`, white space at its ends removed; nil when it has no such part.
  public func part(of text: String) -> String? {
    switch self {
    case .whole: text.trimmingWhiteSpace
    case .answerTag: Self.lastAnswer(in: text)
    case .lastNumber: WrittenNumber.last(in: text)?.text
    }
  }

  /// The number that this part of `text` says; nil when there is none.
  func number(in text: String) -> WrittenNumber? {
    switch self {
    case .whole, .answerTag: part(of: text).flatMap { WrittenNumber($0) }
    case .lastNumber: WrittenNumber.last(in: text)
    }
  }

  /// The text between the last `</answer>` and the nearest `<answer>` before it.
  ///
  /// As in reasoning-gym's last match of `<answer>\s?(.*?)\s?</answer>`, except that an
  /// `<answer>` which was opened again counts from the second opening.
  private static func lastAnswer(in text: String) -> String? {
    let bytes = Array(text.utf8)
    let (open, close) = (Array("<answer>".utf8), Array("</answer>".utf8))
    guard let end = ByteSearch.last(close, in: bytes),
      let start = ByteSearch.last(open, in: bytes, endingBy: end)
    else { return nil }
    return String(decoding: bytes[(start + open.count)..<end], as: UTF8.self).trimmingWhiteSpace
  }
}

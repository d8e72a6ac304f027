public import Formats

/// One row of a question/answer file, ready to be asked.
public struct Question: Sendable {
  /// The row in its set, counted from 0; random numbers are keyed by it.
  public var index: Int
  /// The line in the file, counted from 1.
  public var line: Int
  /// The template filled in with the row's columns.
  public var prompt: String
  /// The reference answer: a text, null for a row without one, or any other value as it stands in
  /// the row, such as a list.
  public var label: JSON
  /// Every column, for rewards that want more than the answer.
  public var columns: JSONObject

  /// The reference answer; nil for a row without one, or with one that is no text.
  public var answer: String? { label.string }
}

/// The questions of a file, in its order: JSON Lines, a JSON array, CSV or TSV (``DataFile``).
///
/// Rows have any columns. Strings are taken as they are and numbers as they were written; no white
/// space is trimmed from either. Columns are told apart by their bytes. A name with points leads into
/// objects where no column has it: `reward_model.ground_truth`. Invalid UTF-8 and a column that stands
/// twice are errors.
public struct QuestionSet: Sendable {
  /// The columns with the question and the answer.
  public struct Columns: Sendable, Equatable {
    /// The column that a template's `{question}` stands for.
    ///
    /// In a file without the column `question`, the name `question` means the column `prompt`. A
    /// prompt may be a list of messages with a single one, of a user.
    public var question: String
    /// The column with the reference answer.
    public var answer: String
    /// What needs answers, as messages name it: a reward, or the warm start; nil where nothing
    /// does.
    ///
    /// Where it is nil, rows may lack an answer: one that is missing, null or blank counts as none,
    /// and one that is neither text nor number is kept in the label only. A column other than
    /// `answer` must still be in the file.
    public var answerUser: String?
    /// The key or option that names the question's column, for messages; nil for none.
    public var questionSetting: String? = "data.question"
    /// The key or option that names the answer's column, for messages; nil for none.
    public var answerSetting: String? = "data.answer"

    /// Creates the choice of columns; by default `question` and `answer`, the latter not required.
    public init(
      question: String = "question", answer: String = "answer", answerUser: String? = nil
    ) {
      (self.question, self.answer, self.answerUser) = (question, answer, answerUser)
    }
  }

  /// The file's name, for messages.
  public let file: String
  /// The file's rows, in its order.
  public let questions: [Question]

  /// Reads a file of at most `maximumBytes`.
  ///
  /// - Parameter template: How a prompt is made of a row; nil asks the question column as it is.
  /// - Throws: one `FormatError` for a column that no row has, or for all bad lines, up to 20, each
  ///   with its number: malformed rows, a missing column, a column that is neither text nor number,
  ///   an empty question, prompt or answer that is used. Also when the file is missing, too large, or holds no question.
  public init(
    path: String, columns: Columns = Columns(), template: PromptTemplate? = nil,
    maximumBytes: Int = 1 << 30
  ) throws(FormatError) {
    try self.init(
      DataFile.rows(path: path, maximumBytes: maximumBytes), columns: columns, template: template)
  }

  /// Reads the content of a file; `file` is what errors call it.
  public init(
    bytes: [UInt8], file: String, columns: Columns = Columns(), template: PromptTemplate? = nil
  ) throws(FormatError) {
    try self.init(DataFile.rows(bytes, file: file), columns: columns, template: template)
  }

  private init(
    _ rows: Rows, columns: Columns, template: PromptTemplate?
  ) throws(FormatError) {
    let template = if let template { template } else { try PromptTemplate("{question}") }
    let question = try Self.check(rows, columns, template)
    var questions = try rows.map { row throws(FormatError) -> Question in
      let prompt = try template.filled { name throws(FormatError) -> String in
        guard name == "question" else { return try row.prompt(name, for: template) }
        let text = try row.prompt(question, for: template)
        guard !text.isBlank else { throw row.error(field: question, "empty") }
        return text
      }
      guard !prompt.isBlank else { throw row.error("the prompt is empty") }
      let label = try row.label(columns.answer, for: columns.answerUser)
      return Question(
        index: 0, line: row.line, prompt: prompt, label: label, columns: row.object)
    }
    for index in questions.indices { questions[index].index = index }
    (file, self.questions) = (rows.file, questions)
  }

  /// Refuses columns that no row has, and says which one holds the question.
  private static func check(
    _ rows: Rows, _ columns: Columns, _ template: PromptTemplate
  ) throws(FormatError) -> String {
    func isThere(_ column: String) -> Bool {
      rows.rows.contains { $0.object.column(column) != nil }
    }
    var question = columns.question
    if question == "question", !isThere(question), isThere("prompt") { question = "prompt" }
    for name in template.columns {
      if name == "question" {
        try rows.require(
          question, for: template.file, setting: columns.questionSetting)
      } else {
        let isText = name.utf8.contains(UInt8(ascii: "\""))
        try rows.require(
          name, for: template.file + (isText ? ", where {{ and }} stand for braces," : ""))
      }
    }
    if columns.answerUser != nil || columns.answer != "answer" {
      try rows.require(
        columns.answer, for: columns.answerUser, setting: columns.answerSetting)
    }
    return question
  }
}

extension Row {
  /// The answer in a column: a text that is not blank, where `user` needs it.
  fileprivate func label(_ column: String, for user: String?) throws(FormatError) -> JSON {
    if let user {
      let text = try self.text(column, for: user)
      guard !text.isBlank else {
        throw error(field: column, "empty (need a text; \(user) uses it)")
      }
      return .string(text)
    }
    guard let value = object.column(column), let text = value.text else {
      return object.column(column) ?? .null
    }
    return text.isBlank ? .null : .string(text)
  }

  /// A column as part of a prompt: text, a number as it was written, or what the one message of a
  /// user says.
  fileprivate func prompt(
    _ column: String, for template: PromptTemplate
  ) throws(FormatError) -> String {
    guard let messages = object.column(column)?.array, !messages.isEmpty,
      messages.allSatisfy({ $0["role"] != nil && $0["content"] != nil })
    else { return try text(column, for: template.file) }
    guard messages.count == 1, messages[0]["role"] == "user",
      let content = messages[0]["content"]?.messageText
    else {
      let roles = messages.map { $0["role"]?.text ?? "none" }.joined(separator: ", ")
      let count = messages.count == 1 ? "1 message" : "\(messages.count) messages"
      let kind =
        messages.allSatisfy { $0["content"]?.messageText != nil }
        ? "" : ", whose content is not text"
      throw error(
        field: column,
        "\(count) (\(roles.quotedForMessage())\(kind)); need a text or one "
          + "user message: no chat template is applied, so write the conversation as the text that "
          + "the policy reads")
    }
    return content
  }
}

extension JSON {
  /// What the content of a message says: a text, or parts that are all text.
  fileprivate var messageText: String? {
    guard let parts = array else { return text }
    let texts = parts.map { $0["type"] == "text" ? $0["text"]?.string : nil }
    return texts.contains(nil) ? nil : texts.compactMap(\.self).joined()
  }
}

extension String {
  /// Whether there is nothing to read in it.
  package var isBlank: Bool { unicodeScalars.allSatisfy(\.properties.isWhitespace) }
}

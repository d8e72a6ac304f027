public import Formats

/// One row of a question/answer file, ready to be asked.
public struct Question: Sendable {
  /// The row in its set, counted from 0; random numbers are keyed by it.
  public var index: Int
  /// The line in the file, counted from 1.
  public var line: Int
  /// The template filled in with the row's columns.
  public var prompt: String
  /// The reference answer; nil where the set was read without an answer column.
  public var answer: String?
  /// Every column, for rewards that want more than the answer.
  public var columns: JSONObject

  public init(index: Int, line: Int, prompt: String, answer: String?, columns: JSONObject) {
    self.index = index
    self.line = line
    self.prompt = prompt
    self.answer = answer
    self.columns = columns
  }
}

/// The questions of a JSON Lines file, in the file's order.
///
/// One JSON object a line with any columns. Lines end with LF or CRLF, the last one also without;
/// blank lines are skipped but counted. A byte order mark, invalid UTF-8 and a duplicate key are
/// errors. Strings are taken as they are and numbers as JSON writes them; no white space is
/// trimmed from either.
public struct QuestionSet: Sendable {
  /// Which columns hold what.
  public struct Columns: Sendable, Equatable {
    /// What a template's `{question}` stands for, whatever the file calls it.
    public var question: String
    /// The reference answer; nil for questions without one.
    public var answer: String?

    public init(question: String = "question", answer: String? = "answer") {
      self.question = question
      self.answer = answer
    }
  }

  public let file: String
  public let questions: [Question]

  /// Reads a file of at most `maximumBytes`.
  ///
  /// - Parameter template: How a prompt is made of a row; nil asks the question column as it is.
  /// - Throws: one `FormatError` for all bad lines, up to 20, each with its number: malformed JSON,
  ///   a missing column, a column that is neither text nor number, an empty question or prompt.
  ///   Also when the file is missing, too large, or holds no question at all.
  public init(
    path: String, columns: Columns = Columns(), template: PromptTemplate? = nil,
    maximumBytes: Int = 1 << 30
  ) throws(FormatError) {
    let bytes = try Files.read(path, maximumBytes: maximumBytes)
    try self.init(bytes: bytes, file: path, columns: columns, template: template)
  }

  /// Reads the content of a file; `file` is what errors call it.
  public init(
    bytes: [UInt8], file: String, columns: Columns = Columns(), template: PromptTemplate? = nil
  ) throws(FormatError) {
    let template = if let template { template } else { try PromptTemplate("{question}") }
    var questions = try JSONLines.map(bytes, file: file) { line throws(FormatError) -> Question in
      let prompt = try template.filled { name throws(FormatError) -> String in
        guard name == "question" else { return try line.text(name, for: template) }
        let question = try line.text(columns.question, for: template)
        guard !question.isBlank else { throw line.error(field: columns.question, "empty") }
        return question
      }
      guard !prompt.isBlank else { throw line.error("the prompt is empty") }
      var answer: String?
      if let column = columns.answer { answer = try line.text(column, for: nil) }
      return Question(
        index: 0, line: line.number, prompt: prompt, answer: answer, columns: line.object)
    }
    guard !questions.isEmpty else {
      throw FormatError(file: file, message: "no questions in it (got an empty file)")
    }
    for index in questions.indices { questions[index].index = index }
    self.file = file
    self.questions = questions
  }
}

extension JSONLines.Line {
  /// A column as text: a string as it is, a number as JSON writes it.
  fileprivate func text(_ column: String, for template: PromptTemplate?) throws(FormatError)
    -> String
  {
    let user = template.map { "; \($0.file) uses it" } ?? ""
    guard let value = object[column] else {
      let names = object.keys.prefix(8).map { "\"\($0)\"" }.joined(separator: ", ")
      let more = object.count > 8 ? ", …" : ""
      let got = object.isEmpty ? "an object without columns" : "the columns \(names)\(more)"
      throw error(field: column, "no such column (got \(got)\(user))")
    }
    guard let text = value.text else {
      throw error(
        field: column, "neither text nor number (got \(value.kindInWords); need a string\(user))")
    }
    return text
  }
}

extension String {
  fileprivate var isBlank: Bool { unicodeScalars.allSatisfy(\.properties.isWhitespace) }
}

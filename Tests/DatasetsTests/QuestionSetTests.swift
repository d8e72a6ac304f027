import Datasets
import Formats
import Testing

@Suite struct QuestionSetTests {
  private func read(
    _ text: String, _ columns: QuestionSet.Columns = .init(), template: String? = nil
  ) throws(FormatError) -> QuestionSet {
    try read(bytes: Array(text.utf8), columns, template: template)
  }

  private func read(
    bytes: [UInt8], _ columns: QuestionSet.Columns = .init(), template: String? = nil
  ) throws(FormatError) -> QuestionSet {
    var parsed: PromptTemplate?
    if let template { parsed = try PromptTemplate(template, file: "p.txt") }
    return try QuestionSet(bytes: bytes, file: "d.jsonl", columns: columns, template: parsed)
  }

  /// The lines of the error that reading gives.
  private func errors(
    _ text: String, _ columns: QuestionSet.Columns = .init(), template: String? = nil
  ) -> [String] {
    errors(bytes: Array(text.utf8), columns, template: template)
  }

  private func errors(
    bytes: [UInt8], _ columns: QuestionSet.Columns = .init(), template: String? = nil
  ) -> [String] {
    do throws(FormatError) {
      _ = try read(bytes: bytes, columns, template: template)
      return []
    } catch {
      return error.description.split(separator: "\n").map(String.init)
    }
  }

  @Test func everyRowKeepsItsPlaceAndItsColumns() throws {
    let set = try read(
      """
      {"question": "1+2", "answer": "3", "kind": "sum"}

      {"answer": "4", "question": "2+2", "level": 2}
      """, template: "{question}=")
    #expect(set.file == "d.jsonl")
    #expect(set.questions.map(\.index) == [0, 1])
    #expect(set.questions.map(\.line) == [1, 3])
    #expect(set.questions.map(\.prompt) == ["1+2=", "2+2="])
    #expect(set.questions.map(\.answer) == ["3", "4"])
    #expect(set.questions[0].columns["kind"] == "sum")
    #expect(set.questions[1].columns["level"] == 2)
  }

  @Test func withoutATemplateTheQuestionIsThePrompt() throws {
    let set = try read(#"{"question": " {x} \n", "answer": " "}"#)
    #expect(set.questions[0].prompt == " {x} \n")
    #expect(set.questions[0].answer == nil)
  }

  @Test(arguments: ["\"\"", "\"  \"", "\" \\n\u{A0}\""])
  func aBlankAnswerIsNone(answer: String) throws {
    let row = #"{"question": "a", "answer": \#(answer)}"#
    #expect(try read(row).questions[0].label == .null)
    #expect(
      errors(row, .init(answerUser: "exact_match"))
        == ["d.jsonl:1: answer: empty (need a text; exact_match uses it)"])
  }

  @Test(arguments: ["true", "[\"2\",\"two\"]", #"{"a":1}"#])
  func anAnswerThatIsNoTextIsALabel(answer: String) throws {
    let row = #"{"question": "a", "answer": \#(answer)}"#
    let question = try read(row).questions[0]
    #expect(question.label.encoded() == answer)
    #expect(question.answer == nil)
    #expect(errors(row, .init(answerUser: "exact_match")).count == 1)
    #expect(try read(#"{"question": "a", "answer": 0.10}"#).questions[0].label == "0.10")
  }

  @Test func aMessageMayHavePartsOfText() throws {
    let row = #"{"prompt": [{"role": "user", "content": [{"type": "text", "text": "1+"}, "#
    let text = row + #"{"type": "text", "text": "1"}]}]}"#
    #expect(try read(text).questions[0].prompt == "1+1")
    let image = row + #"{"type": "image"}]}]}"#
    #expect(
      errors(image).first?.contains("1 message (\"user\", whose content is not text); need")
        == true,
      "\(errors(image))")
  }

  @Test func bracesMeantAsTextAreTold() {
    #expect(
      errors(#"{"question": "a"}"#, template: "{question} {\"json\": 1}").first?
        .contains("p.txt, where {{ and }} stand for braces, uses it") == true)
  }

  @Test func aNameWithPointsLeadsIntoObjects() throws {
    let columns = QuestionSet.Columns(
      answer: "reward_model.ground_truth", answerUser: "exact_match")
    let nested = #"{"question": "a", "reward_model": {"ground_truth": "2"}}"#
    #expect(try read(nested, columns).questions[0].answer == "2")
    #expect(try read(nested, template: "{reward_model.ground_truth}").questions[0].prompt == "2")
    // A column of that very name comes first.
    let both =
      #"{"question": "a", "reward_model.ground_truth": "3", "reward_model": {"ground_truth": 2}}"#
    #expect(try read(both, columns).questions[0].answer == "3")
    #expect(
      errors(#"{"question": "a", "reward_model": {"style": "rule"}}"#, columns).first?
        .contains("reward_model.ground_truth: no such column") == true)
  }

  @Test func columnsAreNamedByTheCaller() throws {
    let row = #"{"q": "2+2", "gold": 4, "question": "other"}"#
    let set = try read(row, .init(question: "q", answer: "gold"), template: "{question}|{q}|{gold}")
    #expect(set.questions[0].prompt == "2+2|2+2|4")
    #expect(set.questions[0].answer == "4")
  }

  @Test(arguments: ["12", "1.50", "1e5", "-0", "1.0", "12193263113702179522496385", "0.1"])
  func numbersStayAsTheyWereWritten(number: String) throws {
    let set = try read(#"{"question": \#(number), "answer": \#(number)}"#, template: "{answer}=")
    #expect(set.questions[0].prompt == number + "=")
    #expect(set.questions[0].answer == number)
    #expect(set.questions[0].columns["answer"]?.encoded() == number)
  }

  @Test func aTemplateNeedsNoQuestionColumn() throws {
    let set = try read(#"{"story": "S", "ask": "A", "answer": "x"}"#, template: "{story} {ask}")
    #expect(set.questions[0].prompt == "S A")
  }

  @Test func keysAreToldApartByTheirBytes() throws {
    let set = try read(
      "{\"\u{E9}\": \"one scalar\", \"e\u{301}\": \"two\", \"answer\": \"\"}",
      template: "{e\u{301}}")
    #expect(set.questions[0].prompt == "two")
  }

  @Test(arguments: ["\n", "\r\n"], ["", "\n", "\n\n \t\n"])
  func lineEndsAndBlankLinesDoNotMatter(lineEnd: String, tail: String) throws {
    let row = #"{"question": "a", "answer": "b"}"#
    let set = try read(lineEnd + row + lineEnd + lineEnd + row + tail)
    #expect(set.questions.map(\.line) == [2, 4])
    #expect(set.questions.map(\.answer) == ["b", "b"])
  }

  @Test(arguments: [
    (
      #"{"qestion": "a", "answer": "b"}"#,
      #"question: no such column (got the columns "qestion", "answer"; p.txt uses it)"#
    ),
    (
      #"{"question": "a"}"#,
      #"answer: no such column (got the columns "question"; exact_match uses it)"#
    ),
    ("{}", "question: no such column (got an object without columns; p.txt uses it)"),
    (
      #"{"question": ["a"], "answer": "b"}"#,
      "question: neither text nor number (got an array; need a string; p.txt uses it)"
    ),
    (
      #"{"question": null, "answer": "b"}"#,
      "question: neither text nor number (got null; need a string; p.txt uses it)"
    ),
    (
      #"{"question": "a", "answer": true}"#,
      "answer: neither text nor number (got a boolean; need a string; exact_match uses it)"
    ),
    (#"{"question": "", "answer": "b"}"#, "question: empty"),
    (#"{"question": " \n\u00a0", "answer": "b"}"#, "question: empty"),
    (#"["question"]"#, "got an array; need an object"),
  ])
  func aBadRowIsNamedByLineAndColumn(row: String, message: String) {
    let good = #"{"question": "a", "answer": "b"}"# + "\n"
    #expect(
      errors(good + row, .init(answerUser: "exact_match"), template: "{question}=")
        == ["d.jsonl:2: " + message])
  }

  @Test func aColumnThatNoRowHasIsNamedOnce() {
    let rows = String(repeating: #"{"qestion": "a", "anser": "b"}"# + "\n", count: 30)
    let got = #"no such column (got the columns "qestion", "anser"; "#
    #expect(
      errors(rows, template: "{question}=") == [
        "d.jsonl: question: " + got
          + #"p.txt uses it; did you mean "qestion"?); name the right one with data.question"#
      ])
    var columns = QuestionSet.Columns(question: "qestion", answerUser: "exact_match")
    columns.answerSetting = "--answer-field"
    #expect(
      errors(rows, columns) == [
        "d.jsonl: answer: " + got
          + #"exact_match uses it; did you mean "anser"?); name the right one with --answer-field"#
      ])
    #expect(
      errors(rows, columns, template: "{story}")
        == ["d.jsonl: story: " + got.dropLast(2) + "; p.txt uses it)"])
  }

  @Test(arguments: [
    #"{"question": "a"}"#, #"{"question": "a", "answer": null}"#,
    #"{"question": "a", "answer": ["b"]}"#,
  ])
  func rowsMayLackAnswersThatNothingUses(row: String) throws {
    #expect(try read(row).questions[0].answer == nil)
    #expect(errors(row, .init(answerUser: "warm_start.answer")).count == 1)
  }

  @Test func aColumnForAnswersThatWasNamedMustBeThere() {
    #expect(
      errors(#"{"question": "a", "answer": "b"}"#, .init(answer: "solution")) == [
        #"d.jsonl: solution: no such column (got the columns "question", "answer"); name the right "#
          + "one with data.answer"
      ])
  }

  @Test func promptIsTheQuestionOfAFileWithoutOne() throws {
    let row = #"{"prompt": "a", "answer": "b"}"#
    #expect(try read(row).questions[0].prompt == "a")
    #expect(try read(row, template: "{question}=").questions[0].prompt == "a=")
    let both = try read(#"{"question": "q", "prompt": "a"}"#, template: "{question}{prompt}")
    #expect(both.questions[0].prompt == "qa")
    #expect(errors(row, .init(question: "q")).count == 1)
  }

  @Test func aPromptOfOneMessageIsWhatTheUserSays() throws {
    let one = #"{"prompt": [{"role": "user", "content": "2+2"}]}"#
    #expect(try read(one, template: "{question}=").questions[0].prompt == "2+2=")
    let two =
      #"{"prompt": [{"role": "system", "content": "s"}, {"role": "user", "content": "2+2"}]}"#
    #expect(
      errors(two).first?.hasPrefix("d.jsonl:1: prompt: 2 messages (\"system, user\"); need a text")
        == true)
    #expect(errors(#"{"prompt": [{"role": "assistant", "content": "2+2"}]}"#).count == 1)
  }

  @Test func anEmptyPromptIsRefused() {
    #expect(
      errors(#"{"hint": " ", "answer": "b"}"#, template: "{hint}")
        == ["d.jsonl:1: the prompt is empty"])
  }

  @Test func aDuplicateKeyIsRefused() {
    let found = errors(#"{"question": "a", "answer": "b", "answer": "c"}"#)
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("d.jsonl:1: ") == true)
    #expect(found.first?.contains("duplicate key \"answer\"") == true)
  }

  @Test func allBadLinesAreReportedTogether() {
    let found = errors(
      """
      {"question": "a", "answer": "b"}
      {"question": "a"
      {"question": "a", "answer": "b"}
      nonsense
      {"question": 1, "answer": {}}
      """, .init(answerUser: "exact_match"))
    #expect(found.count == 3)
    #expect(found.map { $0.prefix(10) } == ["d.jsonl:2:", "d.jsonl:4:", "d.jsonl:5:"])
  }

  @Test func reportingStopsAfterTwentyBadLines() {
    let found = errors(String(repeating: "bad\n", count: 50))
    #expect(found.count == 20)
    #expect(found.last?.hasPrefix("d.jsonl:20:") == true)
  }

  @Test func invalidUTF8IsRefused() {
    let row = Array(#"{"question": "a", "answer": "b"}"#.utf8)
    let broken =
      row + [0x0A] + Array(#"{"question": ""#.utf8) + [0xFF] + Array(#"", "answer": ""}"#.utf8)
    let found = errors(bytes: broken)
    #expect(found.first?.hasPrefix("d.jsonl:2: ") == true)
    #expect(found.first?.contains("invalid UTF-8") == true)
  }

  @Test(arguments: ["", "\n", " \n\r\n"])
  func aFileWithoutQuestionsIsRefused(text: String) {
    #expect(errors(text) == ["d.jsonl: has no rows"])
  }

  @Test func aMissingFileIsNamed() {
    do throws(FormatError) {
      _ = try QuestionSet(path: "/nowhere/train.jsonl")
      Issue.record("no error")
    } catch {
      #expect(error.isMissing)
      #expect(error.file == "/nowhere/train.jsonl")
    }
  }
}

import ArgumentParser
import Datasets
import Recipes

/// How rows become questions; what is not given is the recipe's, or else the usual.
struct QuestionArguments: ParsableArguments {
  @Option(
    help: "The file with the prompt template. (default: the recipe's, or the question itself)",
    completion: .file())
  var prompt: String?

  @Option(
    parsing: .unconditional,
    help: "The column with the question. (default: question, or prompt)")
  var questionField: String?

  @Option(
    parsing: .unconditional,
    help: "The column with the answer; rows may lack it. (default: answer)")
  var answerField: String?

  /// Which columns hold what.
  ///
  /// - Parameter answerUser: what cannot do without answers.
  func columns(_ recipe: Recipe?, answerUser: String?) -> QuestionSet.Columns {
    var columns = QuestionSet.Columns(
      question: questionField ?? recipe?.data.question ?? "question",
      answer: answerField ?? recipe?.data.answer ?? "answer", answerUser: answerUser)
    (columns.questionSetting, columns.answerSetting) = ("--question-field", "--answer-field")
    return columns
  }

  /// The questions of a file.
  func questions(
    _ data: String, _ columns: QuestionSet.Columns, _ recipe: Recipe?
  ) throws -> QuestionSet {
    let input = try DataArgument(data)
    return try QuestionSet(
      bytes: input.bytes, file: input.file, columns: columns,
      template: try (prompt ?? recipe?.prompt).map { try PromptTemplate(path: $0) })
  }
}

import ArgumentParser
import Datasets
import Evaluation
import Formats
import Foundation
import Rewards
import Runs

/// The file of `grpo evaluate --output`: what a model answered, and what the reward made of it.
struct EvaluationOutput {
  private let log: JSONLinesLog
  private let questionColumn: String

  /// Opens the file, and empties one that is there.
  ///
  /// - Parameter questions: the file of the questions, which is not overwritten.
  init(path: String, questions: String, questionColumn: String) throws {
    let places = [path, questions].map { URL(filePath: $0).resolvingSymlinksInPath().path() }
    guard places[0] != places[1] else {
      throw ValidationError("--output: is the file of the questions (need another)")
    }
    log = try JSONLinesLog(path: path)
    try log.truncate(toOffset: 0)
    self.questionColumn = questionColumn
  }

  func append(_ judgement: Evaluator.Judgement) throws {
    let (question, completion) = (judgement.question, judgement.completion)
    try log.append([
      "line": .integer(question.line),
      "question": question.columns[questionColumn] ?? .string(question.prompt),
      "answer": question.answer.map { .string($0) } ?? .null,
      "sample": .integer(judgement.sample),
      "completion": .string(completion.text),
      "extracted_answer": judgement.extracted.map { .string($0) } ?? .null,
      "reward": judgement.reward.map { .number($0) } ?? .null,
      "correct": .bool(judgement.isCorrect),
    ])
  }
}

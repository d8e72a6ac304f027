import ArgumentParser
import Datasets
import Evaluation
import Formats
import Foundation
import Rewards
import Runs

/// The file of `grpo evaluate --output`: what a model answered, and what the reward made of it.
///
/// The lines of a file go to a temporary one beside it, which takes its name at the end; till then,
/// what was there stays. Standard output and pipes get each line as it is made.
final class EvaluationOutput {
  private enum Target {
    case standardOutput
    case stream(descriptor: Int32)
    /// Lines until they take the place of what is at `path`.
    case file(JSONLinesLog, path: String)
    case finished
  }

  private static let columns = [
    "line", "question", "answer", "sample", "completion", "extracted_answer", "reward", "correct",
  ]

  private let name: String
  private let questionColumn: String
  private var target: Target

  /// Whether `path` means standard output.
  static func isStandardOutput(_ path: String) -> Bool {
    ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].contains(path)
  }

  /// Makes ready what `append` writes to.
  ///
  /// - Parameter questions: the file of the questions.
  /// - Throws: a `Failure` for a file that is there, unless it is empty or was written by an earlier
  ///   evaluation and holds no questions of this one.
  init(path: String, questions: String, questionColumn: String) throws {
    (name, self.questionColumn) = (path, questionColumn)
    if Self.isStandardOutput(path) {
      target = .standardOutput
      return
    }
    switch Files.kind(path) {
    case .stream:
      let descriptor = FileSystemCalls.open(path, O_WRONLY | O_APPEND)
      guard descriptor >= 0 else { throw Files.failure("cannot open", path, .cannotCreate) }
      target = .stream(descriptor: descriptor)
      return
    case .directory:
      throw FormatError("is a directory; need a file", file: path, kind: .cannotCreate)
    case .file:
      if Files.areSame(path, questions) {
        throw FormatError("is the file of the questions", file: path, kind: .cannotCreate)
      }
      guard Files.size(path) == 0 || Self.isEarlierOutput(path) else {
        throw FormatError(
          "exists, and is no earlier output of evaluate", file: path, kind: .cannotCreate)
      }
    case nil: break
    }
    let path =
      Files.isSymbolicLink(path) ? URL(filePath: path).resolvingSymlinksInPath().path : path
    do throws(FormatError) {
      let log = try JSONLinesLog(path: TemporaryName.path(for: path))
      target = .file(log, path: path)
      try log.truncate(toOffset: 0)
    } catch {
      var error = error
      error.file = name
      throw error
    }
  }

  deinit {
    switch target {
    case .stream(let descriptor): close(descriptor)
    case .file(let log, _): FileSystemCalls.unlink(log.path)
    case .standardOutput, .finished: break
    }
  }

  /// Whether the first line has the columns that `append` writes.
  private static func isEarlierOutput(_ path: String) -> Bool {
    guard let file = FileHandle(forReadingAtPath: path),
      let start = try? file.read(upToCount: 16 << 20),
      let line = [UInt8](start).split(separator: UInt8(ascii: "\n"), maxSplits: 1).first,
      let object = try? JSON(parsing: Array(line), file: path).object
    else { return false }
    return object.keys == columns
  }

  func append(_ judgement: Judgement) throws {
    let (question, completion) = (judgement.question, judgement.completion)
    let values: [JSON] = [
      .integer(question.line),
      question.columns.column(questionColumn) ?? .string(question.prompt),
      question.label,
      .integer(judgement.sample),
      .string(completion.text),
      judgement.extracted.map { .string($0) } ?? .null,
      judgement.reward.map { .number($0) } ?? .null,
      .bool(judgement.isCorrect),
    ]
    let line = JSONObject(Array(zip(Self.columns, values)))
    switch target {
    case .standardOutput: try StandardOutput.write(line: JSON.object(line).encoded())
    case .stream(let descriptor):
      try Files.write(
        JSON.object(line).encodedBytes() + [UInt8(ascii: "\n")], to: descriptor, named: name)
    case .file(let log, _): try log.append(line)
    case .finished: preconditionFailure("the output is finished")
    }
  }

  /// Gives the file its name: no line follows.
  func finish() throws {
    if case .file(let log, let path) = target {
      try log.synchronize()
      try Files.rename(log.path, to: path)
      target = .finished
    }
  }
}

import ArgumentParser
import Evaluation
import Formats
import Recipes
import RewardPlugins
import Rewards
import Runs
import Sampling
import Tokenization
import Training

/// An error as the user gets it: an exit status, what is wrong, and what to do.
struct Failure: Error {
  var status: ExitStatus
  /// What is wrong; nothing where the program ends quietly.
  var problems: [Problem]
  var help: String?
  /// One line that people read in place of the problems; nil where they read each problem.
  var summary: String?
  /// Whether something went wrong, or the user asked for the end.
  var isError = true

  init(_ status: ExitStatus, _ problem: String, help: String? = nil) {
    self.init(status, [Problem(problem)], help: help)
  }

  init(_ status: ExitStatus, _ problems: [Problem], help: String? = nil) {
    (self.status, self.problems, self.help) = (status, problems, help)
  }

  func lines(on terminal: Terminal) -> [String] {
    let label = isError ? terminal.styled("error", .error) + ": " : ""
    let problems = (summary.map { [$0] } ?? problems.map(\.text)).flatMap {
      terminal.wrapped(label + Redaction.redacted(urlsIn: $0), indent: isError ? 7 : 0)
    }
    // A command that is to be copied stays in one line.
    return problems + (help.map { ["help: \($0)"] } ?? [])
  }

  /// The first problem with what belongs to the whole, for programs; nil where there is none.
  var encoded: JSONObject? {
    guard var object = problems.first?.encoded else { return nil }
    let others = problems.dropFirst().map { JSON.object($0.encoded) }
    if !others.isEmpty { object["others"] = .array(others) }
    if let help { object["help"] = .string(Redaction.redacted(urlsIn: help)) }
    object["exit_code"] = .integer(Int(status.rawValue))
    return ["error": .object(object)]
  }
}

extension Failure {
  /// The one place where errors become exit statuses; nil for what the argument parser throws.
  init?(_ error: any Error) {
    switch error {
    case let error as Failure: self = error
    case let error as StandardOutput.Failure: self.init(error)
    case let error as FormatError: self.init(error)
    case let error as RecipeError: self.init(error)
    case let error as TrainingError: self.init(error)
    case let error as Checkpoints.Unusable: self.init(error)
    case let error as ComparisonError: self.init(error)
    case let error as RewardError: self.init(error)
    case let error as TokenizerError:
      self.init(.badData, error.description.visible())
    case let error as PolicyError: self.init(error)
    case let error as PromptError: self.init(error)
    case let error as SamplingError:
      self.init(
        .numerics, error.description,
        help: "the model's weights overflow; look at how they were trained")
    case is CancellationError:
      self.init(.resumable, "stopped")
      isError = false
    default:
      let status = RootCommand.exitCode(for: error)
      if status == .success || status == .validationFailure || error is ExitCode { return nil }
      self.init(.numerics, "internal: \(String(describing: error).visible())")
    }
  }

  /// What ended a run, with the command that goes on where it stopped.
  ///
  /// - Throws: `error` where it is the argument parser's.
  init(ending error: any Error) throws {
    guard let failure = Failure(error) else { throw error }
    self = failure
    if status == .resumable { help = "resume with: \(commandToResume)" }
  }

  private init(_ error: StandardOutput.Failure) {
    switch error {
    case .readerLeft:
      self.init(.success, [])
    case .failed(let reason):
      self.init(.inputOutput, "standard output: cannot write: \(reason)")
    }
  }

  private init(_ error: FormatError) {
    let status: ExitStatus
    var help: String?
    switch error.kind {
    case .invalid: status = .badData
    case .unsupported:
      status = .badData
      help = "it was written by a later version of grpo"
    case .missing:
      status = .missingInput
      help =
        "check the path; those in a recipe count from its folder, but for output, and others from "
        + "the current one"
    case .replaced:
      status = .cannotCreate
      help =
        "leave the directory of a run alone until it has ended; the same command goes on from what "
        + "is saved there, or begins anew"
    case .cannotCreate:
      status = .cannotCreate
      help = "give another place with --output"
    case .inputOutput: status = .inputOutput
    case .notFinite:
      status = .numerics
      help = "what was saved before is whole; smaller rewards or steps keep numbers finite"
    }
    self.init(status, ([error] + error.others).map { Problem($0) }, help: help)
  }

  private init(_ error: Checkpoints.Unusable) {
    self.init(
      .badData,
      error.problems.map { Problem($0) }
        + [Problem("\(error.directory.visible()): no checkpoint is usable")],
      help: "move that directory away: training then begins anew, and its logs so far are kept")
  }

  private init(_ error: RecipeError) {
    // What --set and --vary say is part of the recipe; the other options are not.
    if case .option(let option, _)? = error.place, option.hasPrefix("--"),
      !option.hasPrefix("--set"), !option.hasPrefix("--vary")
    {
      self.init(.usage, [Problem(error)])
      return
    }
    switch error.kind {
    case .invalid:
      self.init(.badRecipe, ([error] + error.others).map { Problem($0) })
    case .missingFile:
      self.init(.missingInput, [Problem(error)], help: "check the path of the recipe")
    case .unreadable: self.init(.inputOutput, [Problem(error)])
    }
  }

  private init?(_ error: ComparisonError) {
    switch error {
    case .stopped:
      self.init(.resumable, error.description)
      isError = false
    case .run(let name, let reason):
      self.init(reason)
      problems = problems.map { $0.of(name) }
    }
  }

  private init(_ error: RewardError) {
    var (status, help) = (ExitStatus.rewardFailed, String?.none)
    switch error {
    case .unknownReward, .unknownOption, .badOption, .noReward, .duplicateName, .badWeight:
      status = .badRecipe
    case .withoutID:
      help =
        "a program adds \"id\": request[\"id\"] to its reply; with ids: off nothing can tell a late "
        + "reply from the right one"
    case .doubtful:
      help =
        "a program answers a request with one line, and prints everything else to standard error"
    case .credentialsRefused: help = "check the URL, token and headers, or what they refer to"
    case .cannotStart, .sumNotFinite, .scoreFailed, .failed: break
    }
    let text = error.description
    self.init(status, text, help: LimitHint.named(in: text)?.help ?? help)
  }

  private init(_ error: PolicyError) {
    let help =
      switch error {
      case .vocabulary, .addedToken: "model and tokenizer must be those that were made together"
      case .endsPrompts:
        "set it to false in that file: completions are ended here by what the policy draws"
      }
    self.init(.badData, error.description.visible(), help: help)
  }

  private init(_ error: PromptError) {
    let help =
      switch error.problem {
      case .empty: "a prompt needs text"
      case .tooLong: "shorten the prompt or its template, or take a model with a longer context"
      }
    self.init(.badData, [Problem(error)], help: help)
  }
}

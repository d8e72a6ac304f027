import ArgumentParser
import Datasets
import Evaluation
import Formats
import Recipes
import Rewards
import Sampling
import Training

/// `grpo evaluate`.
struct EvaluateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Evaluates a model on held-out questions: accuracy, pass@k, maj@k.",
    discussion: """
      The questions come from the recipe's data.test or from --data. A completion is correct if \
      its score by the recipe's first reward, or by --reward, is at least 1 (rounding aside). A \
      completion whose score fails is not correct; if more than a tenth fail, the exit code is 69.

      maj@k is the accuracy of the answer that most of k samples give; a tie goes to the answer \
      that comes first. Rewards that compare no answers, such as programs and formats, vote on \
      whole texts. With --baseline, both models answer the same questions with the same random \
      numbers, and are compared question by question.
      """)

  @Option(help: "The model's directory.", completion: .directory)
  var model: String

  @Option(
    help: "The recipe with the questions, the prompt and the reward.", completion: .recipes)
  var recipe: String?

  @Option(
    help: "The questions: \(DataFile.formats); - for standard input.", completion: .rows)
  var data: String?

  @OptionGroup var asking: QuestionArguments

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      The reward, as in a recipe: a name (\
      \(BuiltInReward.names.joined(separator: ", "))), or a map such as \
      '{ name: numeric_match, extract: last_number }' or '{ python: "rewards.py:f" }'.
      """), completion: .rewards)
  var reward: String?

  @Option(help: "The directory of another model, to compare with.", completion: .directory)
  var baseline: String?

  @Option(
    parsing: .unconditional,
    help: "Samples per question, next to the greedy answer. (default: the recipe's, or 8)")
  var samples: Int?

  @Option(
    name: .customLong("k"),
    help: ArgumentHelp(
      "The k of pass@k and maj@k. (default: the recipe's, or 1,4,8)", valueName: "k,k,…"),
    transform: KArgument.init)
  var k: KArgument?

  @Option(
    parsing: .unconditional, help: "Temperature of the samples. (default: the recipe's, or 1)")
  var temperature: Double?

  @OptionGroup var completion: CompletionArguments

  @Option(parsing: .unconditional, help: "Uses only the first so many questions.")
  var limit: Int?

  @Option(
    parsing: .unconditional,
    help: "Exits with code 1 if the greedy accuracy is below this share.")
  var failUnder: Double?

  @Option(
    help: """
      Writes every completion of the model to this file (- for standard output; the table then \
      goes to standard error), a line of JSON each: line (of the data), \
      question, answer, sample (0 for the greedy one), completion, extracted_answer (what the \
      reward compares), reward and correct.
      """, completion: .file(extensions: ["jsonl"]))
  var output: String?

  @Flag(help: "Prints JSON.")
  var json = false

  @OptionGroup var computing: ComputingOptions

  private static let fewQuestions = 30

  func validate() throws {
    if recipe == nil && (data == nil || reward == nil) {
      throw ValidationError("need --recipe, or --data and --reward")
    }
    try Bounds.check("--samples", samples, 0...1024)
    if temperature == 0 {
      throw ValidationError(
        "--temperature: got 0; need \(Bounds.words(SamplingOptions.temperatures)) (greedy answers "
          + "are asked for in any case, and --samples 0 asks for no others)")
    }
    try Bounds.check("--temperature", temperature, SamplingOptions.temperatures)
    try Bounds.check("--limit", limit, 1...Int.max)
    try Bounds.check("--fail-under", failUnder, 0...1)
    try Bounds.check("--output", path: output)
    if let output, DataFile.isTable(output) {
      throw ValidationError(
        "--output: got \(output.visible()); need a name that does not end as a table's: lines of "
          + "JSON are written, as in answers.jsonl")
    }
    if json, let output, EvaluationOutput.isStandardOutput(output) {
      throw ValidationError(
        "--output \(output): has no effect beside --json, which prints there (need a file)")
    }
    if samples == 0 {
      try Bounds.refuse(
        [
          ("--k", k != nil), ("--temperature", temperature != nil),
          ("--seed", completion.seed != nil),
        ],
        because: "with --samples 0 (need --samples 1 or more)")
    }
  }

  func run() async throws {
    let recipe = try self.recipe.map { try Recipe(contentsOf: $0, ownRewards: true) }
    let options = try evaluatorOptions(recipe)
    let rewards = try rewardSet(recipe)
    let judge = rewards.entries[0].function
    let columns = asking.columns(recipe, answerUser: judge.needsAnswer ? judge.name : nil)
    let questions = try questions(recipe, columns)
    try questions.check(for: [judge], answer: columns.answer)
    let limit = self.limit ?? recipe?.evaluation?.questions
    if let asked = self.limit, asked > questions.questions.count {
      StandardError.warn(
        "--limit: got \(asked); \(questions.file) has \(questions.questions.count) questions, "
          + "all of which are taken")
    }
    let count = min(questions.questions.count, limit ?? .max)
    if count < Self.fewQuestions {
      StandardError.warn(
        "\(count) \(count == 1 ? "question says" : "questions say") little about a model "
          + "(need \(Self.fewQuestions) or more)")
    }
    // All that can be wrong with the files is found before anything is computed.
    let evaluated = try ([model] + (baseline.map { [$0] } ?? [])).map { path in
      let policy = try Policy(argument: path)
      let sampler = completion.sampler(of: policy, recipe, threads: computing.threads)
      let evaluator = try Evaluator(
        sampler: sampler, questions: questions, limit: limit, reward: judge)
      return (policy, evaluator)
    }
    let output = try self.output.map {
      try EvaluationOutput(
        path: $0, questions: questions.file, questionColumn: columns.question)
    }
    var results: [EvaluationReport] = []
    try await rewards.whileStarted {
      for (policy, evaluator) in evaluated {
        results.append(
          try await evaluator.report(
            on: policy.parameters, options: options,
            record: { if results.isEmpty { try output?.append($0) } }))
        if results.count == 1 { try output?.finish() }
      }
    }
    let table = try EvaluationTable(
      model: model, report: results[0], baseline: baseline,
      baselineReport: results.dropFirst().first, reward: judge.name,
      data: questions.file)
    try table.write(
      json: json, asideFromData: self.output.map(EvaluationOutput.isStandardOutput) ?? false)
    if let failure = results.lazy.compactMap({ $0.failure(of: judge.name) }).first { throw failure }
    try gate(results[0])
  }

  private func gate(_ report: EvaluationReport) throws {
    guard let failUnder, let accuracy = report.greedy?.mean, accuracy < failUnder else { return }
    throw Failure(
      .gateFailed,
      "greedy accuracy is too low (got \(NumberFormat.short(accuracy)); "
        + "need \(NumberFormat.short(failUnder)))")
  }

  // MARK: What the recipe says, and what the command line says instead

  private func evaluatorOptions(_ recipe: Recipe?) throws -> Evaluator.Options {
    let fromRecipe = recipe?.evaluation ?? Recipe.Evaluation()
    let samples = self.samples ?? fromRecipe.samples
    return Evaluator.Options(
      samples: samples,
      k: try KArgument.chosen(
        k, samples: samples, usual: recipe == nil ? [1, 4, 8] : fromRecipe.k),
      temperature: temperature ?? fromRecipe.temperature,
      seed: completion.seed(recipe))
  }

  /// What judges, alone: of a recipe the first reward; the others need not even start.
  private func rewardSet(_ recipe: Recipe?) throws -> RewardSet {
    var judging = recipe ?? Recipe()
    if let reward {
      do throws(RecipeError) {
        judging.rewards = [try Recipe.Reward(yaml: reward, option: "--reward")]
      } catch {
        throw ValidationError("\(error)")
      }
      try Bounds.refuse(
        [("--reward: weight", judging.rewards[0].weight != 1)],
        because: "where one reward judges: what is told is its own score")
    } else if let first = recipe?.rewards.first {
      judging.rewards = [first]
    } else {
      throw ValidationError("the recipe has no rewards (need --reward)")
    }
    return try judging.rewardSet()
  }

  private func questions(
    _ recipe: Recipe?, _ columns: QuestionSet.Columns
  ) throws -> QuestionSet {
    guard let file = data ?? recipe?.data.test else {
      throw ValidationError("the recipe has no data.test (need --data)")
    }
    return try asking.questions(file, columns, recipe)
  }
}

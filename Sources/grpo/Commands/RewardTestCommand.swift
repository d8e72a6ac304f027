import ArgumentParser
import Datasets
import Formats
import Recipes
import RewardPlugins
import Rewards
import Training

/// `grpo reward test`.
struct RewardTestCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Scores sample and adversarial completions, and flags suspicious behaviour.",
    discussion: """
      Scores the first rows of the data twice: each with its own answer, with another row's \
      answer, and with its completion and steps if it has these columns; the first row also with \
      adversarial completions. Token ids are the bytes of each text.

      Warns if the reward is constant, never applies, fails, leaves its range, is not \
      deterministic, does not distinguish answers, or rewards an adversarial completion. If more \
      than a tenth of the scores fail, adversarial completions aside, a run would end; the exit \
      code is then 69.
      """)

  @Argument(help: "The recipe whose rewards are tested.", completion: .recipes)
  var recipe: String?

  @Option(
    parsing: .upToNextOption, help: "A program and its arguments.",
    completion: .file())
  var command: [String] = []

  @Option(help: ArgumentHelp("A Python function.", valueName: "file:function"))
  var python: String?

  @Option(
    help: ArgumentHelp(
      """
      How the Python function is called: trl, verl or reasoning-gym; what the reward model reads: \
      grpo or trl. (default: trl for a function, grpo for a model)
      """))
  var style: String?

  @Flag(help: "Passes prompts and completions to the Python function as lists of messages.")
  var conversational = false

  @Option(help: "The Python to run. (default: python3)")
  var interpreter: String?

  @Option(
    help: ArgumentHelp(
      "A server with OpenRLHF's protocol; env:NAME or file:PATH keeps the address secret.",
      valueName: "url"))
  var url: String?

  @Option(
    help: ArgumentHelp(
      "Whether replies of --command must have the request's id: required or off. "
        + "(default: required)"),
    transform: Self.ids)
  var ids: PluginOptions.IDs?

  @Option(help: "A shared library that implements grpo_reward.h.", completion: .file())
  var library: String?

  @Option(help: "A reward model's directory.", completion: .directory)
  var model: String?

  @Option(
    help: "Rows: \(DataFile.formats). (default: the recipe's data.train)", completion: .rows)
  var data: String?

  @OptionGroup var questions: QuestionArguments

  @Option(parsing: .unconditional, help: "Rows to score.")
  var limit = 8

  @Option(parsing: .unconditional, help: "The most seconds per batch. (default: 30)")
  var timeout: Double?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The range of the scores, such as 0,1.", valueName: "least,greatest"),
    transform: Self.range)
  var range: ClosedRange<Double>?

  @Flag(help: "Prints JSON.")
  var json = false

  private func style<Style: RawRepresentable<String> & CaseIterable>(or usual: Style) throws
    -> Style
  {
    guard let text = style else { return usual }
    guard let style = Style(rawValue: text) else {
      let names = Style.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--style: got \(text.visible()); need one of \(names)")
    }
    return style
  }

  private static func ids(_ text: String) throws -> PluginOptions.IDs {
    guard let ids = PluginOptions.IDs(rawValue: text) else {
      throw ValidationError("got \(text.visible()); need required or off")
    }
    return ids
  }

  private static func range(_ text: String) throws -> ClosedRange<Double> {
    let ends = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
    guard ends.count == 2, let least = ends[0], let greatest = ends[1], least.isFinite,
      greatest.isFinite, least <= greatest
    else { throw ValidationError("got \(text.visible()); need two numbers, such as 0,1") }
    return least...greatest
  }

  private var sources: [String] {
    [
      recipe.map { _ in "a recipe" }, command.isEmpty ? nil : "--command",
      python.map { _ in "--python" }, url.map { _ in "--url" },
      library.map { _ in "--library" }, model.map { _ in "--model" },
    ].compactMap(\.self)
  }

  func validate() throws {
    guard sources.count == 1 else {
      throw ValidationError(
        "got \(sources.isEmpty ? "nothing to try" : sources.joined(separator: " and ")); need one "
          + "of a recipe, --command, --python, --url, --library and --model")
    }
    if conversational, try python == nil || style(or: PythonReward.Style.trl) != .trl {
      throw ValidationError("--conversational has no effect without --python of --style trl")
    }
    if python != nil { _ = try style(or: PythonReward.Style.trl) }
    if model != nil { _ = try style(or: Recipe.Judge.Style.grpo) }
    if style != nil && python == nil && model == nil {
      throw ValidationError("--style has no effect without --python or --model")
    }
    try Bounds.refuse(
      [("--interpreter", interpreter != nil && python == nil)], because: "without --python")
    try Bounds.refuse([("--ids", ids != nil && command.isEmpty)], because: "without --command")
    try Bounds.refuse(
      [("--timeout", timeout != nil && (recipe != nil || model != nil))],
      because: recipe == nil ? "with a model" : "with a recipe, which says it itself")
    if recipe == nil && data == nil { throw ValidationError("need --data") }
    try Bounds.check("--limit", limit, 1...10_000)
    try Bounds.check("--timeout", timeout, above: 0, through: PluginOptions.longestTimeout)
  }

  func run() async throws {
    let recipe = try self.recipe.map { try Recipe(contentsOf: $0) }
    let probes = try probes(recipe)
    var reports: [RewardTrialReport] = []
    for entry in try recipe?.rewardSet().entries ?? [.init(function())] {
      let function = entry.function
      let result = try await RewardSet([entry]).whileStarted {
        let result = try await RewardTrial(probes, range: range ?? entry.range).run(function)
        try await function.confirm()
        return result
      }
      reports.append(RewardTrialReport(name: function.name, result: result))
    }
    try RewardTrialReport.write(reports, json: json)
    for report in reports {
      guard let failure = report.result.failure else { continue }
      throw Failure(
        .rewardFailed, "reward '\(report.name.visible())': \(failure.visible())",
        help: "a run would end with this; "
          + (LimitHint.named(in: failure)?.help ?? "mend the reward"))
    }
  }

  /// The reward that an option names.
  private func function() throws -> any RewardFunction {
    var options = PluginOptions()
    if let timeout { options.timeout = timeout }
    options.startTimeout = max(options.startTimeout, options.timeout)
    if let python {
      return try PythonReward.reward(
        python, style: try style(or: .trl), conversational: conversational,
        interpreter: interpreter ?? "python3", options: options)
    }
    if let url {
      let address = try Secret(url).value(of: "url")
      return try HTTPReward([address], timeout: options.timeout)
    }
    if let library { return try LibraryReward.isolated(library, options: options) }
    if let model { return try LearnedReward(directory: model, style: try style(or: .grpo)) }
    options.ids = ids ?? .required
    return try CommandReward(command, options: options)
  }

  private func probes(_ recipe: Recipe?) throws -> [RewardTrial.Probe] {
    let set = try questions.questions(
      data ?? recipe?.data.train ?? "",
      questions.columns(recipe, answerUser: recipe?.answerUsers().training), recipe)
    let rows = set.questions.prefix(limit)
    return rows.enumerated().flatMap { index, question in
      var row = Completion(
        prompt: question.prompt, text: "", tokenIDs: [], finishReason: .stop,
        columns: question.columns)
      row.label = question.label
      return RewardTrial.probes(
        row: row,
        completion: question.columns["completion"]?.text,
        working: question.columns["steps"]?.text,
        otherAnswer: set.questions[(index + 1) % set.questions.count].answer,
        isAdversarial: index == 0)
    }
  }
}

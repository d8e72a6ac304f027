import ArgumentParser
import Datasets
import Formats
import Recipes
import Sampling
import Training

/// `grpo sample`.
struct SampleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample",
    abstract: "Samples completions of prompts.",
    discussion: """
      A prompt is used as it is, after the beginning-of-sequence token. With --recipe or --prompt, \
      the arguments are questions that fill the template; a recipe also sets how completions are \
      sampled and where they end. Without an argument, prompts or questions come from --input, or \
      line by line from standard input. Log-probs are those of the distribution that was sampled \
      from; at temperature 0, those of the full distribution at temperature 1.
      """)

  @Option(help: "The model's directory.", completion: .directory)
  var model: String

  @Argument(help: ArgumentHelp("The prompt.", valueName: "prompt"))
  var text: String?

  @Option(
    help: "The recipe with the template, the sampling and the stop texts.", completion: .recipes)
  var recipe: String?

  @Option(help: "The file with the prompt template. (default: the recipe's, if any)")
  var prompt: String?

  @Option(parsing: .unconditional, help: "The question that fills the template.")
  var question: String?

  @Option(
    help: """
      Rows with a prompt each, in the column prompt, or else question; with a template, the rows \
      that fill it. \(DataFile.formats); - for standard input.
      """,
    completion: .rows)
  var input: String?

  @Option(parsing: .unconditional, help: "Completions per prompt.")
  var samples = 1

  @OptionGroup var sampling: SamplingArguments

  @Flag(help: "Prints one JSON object per completion.")
  var json = false

  @OptionGroup var computing: ComputingOptions

  private var hasTemplate: Bool { recipe != nil || prompt != nil }

  func validate() throws {
    if [text, question, input].compactMap({ $0 }).count > 1 {
      throw ValidationError("need one of a prompt, --question and --input")
    }
    if text != nil && hasTemplate {
      throw ValidationError(
        "got a prompt beside \(recipe == nil ? "--prompt" : "--recipe"), which has a template; "
          + "need --question")
    }
    if question != nil && !hasTemplate {
      throw ValidationError("--question: got no template; need --recipe or --prompt")
    }
    try Bounds.check("--samples", samples, 1...1_000_000)
    if sampling.temperature == 0 {
      try Bounds.refuse(
        [("--samples", samples > 1)], because: SamplingArguments.drawsNothing)
    }
  }

  func run() async throws {
    let recipe = try self.recipe.map { try Recipe(contentsOf: $0, ownRewards: true) }
    let template = try (prompt ?? recipe?.prompt).map { try PromptTemplate(path: $0) }
    let writer = try CompletionWriter(
      model: model, threads: computing.threads, sampling: sampling, recipe: recipe,
      samples: samples, json: json)
    /// Completions of a prompt, or of the question that fills the template.
    func answer(_ text: String, _ place: (file: String, line: Int)) throws {
      try writer.write(template?.filled(question: text) ?? text, place: place)
    }
    if let text = text ?? question {
      try answer(text, (question == nil ? "PROMPT" : "--question", 1))
    } else if let input {
      for (number, prompt) in try prompts(input, template, recipe) {
        try writer.write(prompt, place: (input, number))
      }
    } else if StandardInput.isTerminal {
      let what = hasTemplate ? "question" : "prompt"
      StandardError.write("A \(what) a line; Ctrl-D ends.")
      try forEachTypedLine { number, line in
        if !line.isEmpty { try interactively { try answer(line, (what, number)) } }
      }
    } else {
      try StandardInput.forEachLine { number, line in
        try answer(line, (StandardInput.name, number))
      }
    }
  }

  private func prompts(
    _ input: String, _ template: PromptTemplate?, _ recipe: Recipe?
  ) throws -> [(Int, String)] {
    let data = try DataArgument(input)
    if let template {
      var columns = QuestionSet.Columns(question: recipe?.data.question ?? "question")
      if recipe == nil { columns.questionSetting = nil }
      return try QuestionSet(
        bytes: data.bytes, file: data.file, columns: columns, template: template
      ).questions.map { ($0.line, $0.prompt) }
    }
    let rows = try DataFile.rows(data.bytes, file: data.file)
    let names = rows.columns
    let column = !names.contains("prompt") && names.contains("question") ? "question" : "prompt"
    try rows.require(column)
    return try rows.map { row throws(FormatError) in (row.line, try row.text(column)) }
  }

  /// Lines as they are typed, edited where the terminal can show it.
  private func forEachTypedLine(_ body: (Int, String) throws -> Void) throws {
    let prompt = "> "
    if Terminal.standardError.isLive {
      var editor = LineEditor(terminal: .standardError, prompt: prompt)
      var number = 0
      while let line = try editor.next() {
        number += 1
        try body(number, line)
      }
      return
    }
    StandardError.write(raw: prompt)
    try StandardInput.forEachLine { number, line in
      try body(number, line)
      StandardError.write(raw: prompt)
    }
    StandardError.write("")
  }

  /// A prompt that cannot be answered is said to be so, and the next one is asked for.
  private func interactively(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error where error is PromptError || error is FormatError {
      StandardError.write("error: \(error)")
    }
  }
}

import ArgumentParser
import Evaluation
import Formats
import Sampling

/// `grpo sample`.
struct SampleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample",
    abstract: "Draws completions of prompts.",
    discussion: """
      A prompt is taken as it is; only the beginning-of-sequence token is put before it. Without \
      one, prompts come from --input, or line by line from standard input. Log-probs are those of \
      the distribution that was drawn from; at temperature 0, of the full one at temperature 1.
      """)

  @Option(help: "The model's directory.", completion: .directory)
  var model: String

  @Argument(help: "The prompt.")
  var prompt: String?

  @Option(
    help: "JSON lines with a prompt each, in the column prompt.",
    completion: .file(extensions: ["jsonl"]))
  var input: String?

  @Option(help: "Completions of each prompt.")
  var samples = 1

  @OptionGroup var sampling: SamplingArguments

  @Flag(help: "Prints one line of JSON for each completion.")
  var json = false

  @OptionGroup var computing: ComputingOptions

  func validate() throws {
    if prompt != nil && input != nil {
      throw ValidationError("need a prompt or --input, not both")
    }
    try Bounds.check("--samples", samples, 1...1_000_000)
  }

  func run() async throws {
    let writer = try CompletionWriter(
      model: model, threads: computing.threads, sampling: sampling, samples: samples, json: json)
    if let prompt {
      try writer.write(prompt, place: ("PROMPT", 1))
    } else if let input {
      let prompts = try JSONLines.map(
        input == "-"
          ? StandardInput.readAll(maximumBytes: 1 << 30)
          : Files.read(input, maximumBytes: 1 << 30),
        file: input == "-" ? StandardInput.name : input
      ) { line throws(FormatError) in (line.number, try line.string("prompt")) }
      for (number, prompt) in prompts { try writer.write(prompt, place: (input, number)) }
    } else if StandardInput.isTerminal {
      StandardError.write("A prompt a line; Ctrl-D ends.")
      StandardError.write(raw: "> ")
      try StandardInput.forEachLine { number, line in
        if !line.isEmpty { try interactively { try writer.write(line, place: ("prompt", number)) } }
        StandardError.write(raw: "> ")
      }
      StandardError.write("")
    } else {
      try StandardInput.forEachLine { number, line in
        try writer.write(line, place: (StandardInput.name, number))
      }
    }
  }

  /// A prompt that cannot be answered is said to be so, and the next one is asked for.
  private func interactively(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as TextSamplerError {
      StandardError.write("error: \(error)")
    }
  }
}

/// How completions are drawn.
struct SamplingArguments: ParsableArguments {
  @Option(help: "Divides the logits; 0 takes the most likely token.")
  var temperature = 1.0

  @Option(help: "Draws from so many most likely tokens only. (default: all)")
  var topK: Int?

  @Option(help: "Draws from the fewest tokens that have this probability together.")
  var topP = 1.0

  @Option(help: "Draws from tokens at least this likely relative to the most likely one.")
  var minP = 0.0

  @Option(help: "Tokens a completion may have.")
  var maxCompletionLength = 64

  @Option(help: "A text that ends a completion. May be repeated.")
  var stop: [String] = []

  @Option(help: "Where the random numbers come from.")
  var seed = 0

  func validate() throws {
    try Bounds.check("--temperature", temperature, 0...100)
    try Bounds.check("--top-k", topK, 1...Int.max)
    try Bounds.check("--top-p", topP, above: 0, through: 1)
    try Bounds.check("--min-p", minP, 0...1)
    try Bounds.check("--max-completion-length", maxCompletionLength, 1...1_000_000)
    try Bounds.check("--seed", seed, 0...Int.max)
    if stop.contains("") { throw ValidationError("--stop: got an empty text; need one") }
  }

  func options(eosIDs: [Int]) -> SamplingOptions {
    SamplingOptions(
      temperature: temperature, topK: topK, topP: topP, minP: minP,
      maximumTokens: maxCompletionLength, eosIDs: eosIDs)
  }
}

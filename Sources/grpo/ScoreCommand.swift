import ArgumentParser
import Datasets
import Evaluation
import Formats
import Kernels
import LanguageModel

/// `grpo score`.
struct ScoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "Log-probs and entropies of token sequences; needs no tokenizer.",
    discussion: """
      Each line {"input_ids": [1, 5, 9]} gives a line {"token_logprobs": [null, …], "entropies": \
      […]} with as many entries as ids: the log-prob of each id after those before it, and the \
      entropy, in nats, of the distribution after it.
      """)

  @Option(help: "The model's directory.", completion: .directory)
  var model: String

  @Option(
    help: "Rows with input_ids as JSON; - is standard input.",
    completion: .file(extensions: ["jsonl"]))
  var input: String

  @OptionGroup var computing: ComputingOptions

  private static let largestInput = 1 << 30

  func run() async throws {
    let policy = try Policy(
      model, workers: Workers(count: computing.threads), withTokenizer: false)
    let data = try DataArgument(input, maximumBytes: Self.largestInput)
    let rows = try DataFile.rows(data.bytes, file: data.file)
    let sequences = try rows.map { line throws(FormatError) in
      try ids(of: line, vocabulary: policy.model.configuration.vocabularySize, policy.context)
    }
    try SequenceScorer(policy).score(sequences) { scores in
      try StandardOutput.write(line: JSON.object(scores.encoded).encoded())
    }
  }

  private func ids(
    of line: Row, vocabulary: Int, _ context: Int
  ) throws(FormatError) -> [Int] {
    let field = "input_ids"
    guard let values = line.object[field]?.array else {
      let found = line.object[field]?.kindInWords ?? "nothing"
      throw line.error(field: field, "got \(found); need an array of token ids")
    }
    guard (1...context).contains(values.count) else {
      throw line.error(
        field: field, "got \(values.count) ids; need 1 to \(context), the model's context")
    }
    var ids: [Int] = []
    for (position, value) in values.enumerated() {
      guard let id = value.int, (0..<vocabulary).contains(id) else {
        throw line.error(
          field: "\(field)[\(position)]",
          "got \(value.encoded().shortened(to: 40)); need an id from 0 to \(vocabulary - 1)")
      }
      ids.append(id)
    }
    return ids
  }
}

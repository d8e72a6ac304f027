import ArgumentParser
import Datasets
import Formats
import Sampling

/// `grpo score`.
struct ScoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "score",
    abstract: "Prints log-probs and entropies of token sequences; needs no tokenizer.",
    discussion: """
      Each line {"input_ids": [1, 5, 9]} gives a line {"token_logprobs": [null, …], "entropies": \
      […]} with one entry per id: the log-prob of the id after those before it, and the entropy, \
      in nats, of the distribution after it.
      """)

  @Option(help: "The model's directory.", completion: .directory)
  var model: String

  @Option(
    help: "JSON Lines with input_ids; - for standard input.",
    completion: .file(extensions: ["jsonl"]))
  var input: String

  @OptionGroup var computing: ComputingOptions

  func run() async throws {
    let scorer = try SequenceScorer(directory: model, threads: computing.threads)
    let data = try DataArgument(input)
    let rows = try DataFile.rows(data.bytes, file: data.file)
    let sequences = try rows.map { line throws(FormatError) in
      try ids(of: line, scorer)
    }
    try scorer.score(sequences) { scores in
      try StandardOutput.write(line: scores.encoded.encoded())
    }
  }

  private func ids(of line: Row, _ scorer: SequenceScorer) throws(FormatError) -> [Int] {
    let field = "input_ids"
    guard let values = line.object[field]?.array else {
      let found = line.object[field]?.kindInWords ?? "nothing"
      throw line.error(field: field, "got \(found); need an array of token ids")
    }
    guard (1...scorer.context).contains(values.count) else {
      throw line.error(
        field: field, "got \(values.count) ids; need 1 to \(scorer.context), the model's context")
    }
    var ids: [Int] = []
    for (position, value) in values.enumerated() {
      guard let id = value.int, scorer.vocabulary.contains(id) else {
        throw line.error(
          field: "\(field)[\(position)]",
          "got \(value.encoded().shortened(to: 40)); need an id from 0 to "
            + "\(scorer.vocabulary.upperBound - 1)")
      }
      ids.append(id)
    }
    return ids
  }
}

extension SequenceScorer.Scores {
  fileprivate var encoded: JSON {
    [
      "token_logprobs": .array(logProbs.map { $0.map { .number(Double($0)) } ?? .null }),
      "entropies": .array(entropies.map { .number(Double($0)) }),
    ]
  }
}

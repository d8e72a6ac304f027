import ArgumentParser
import Datasets
import Formats
import Tokenization

/// `grpo tokenizer train`.
struct TokenizerTrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Trains a tokenizer: byte-pair encoding with byte fallback; digits are split.")

  @Option(
    help: "The training text, one sentence per line, or rows with --field: \(DataFile.formats).",
    completion: .file())
  var input: String

  @Option(help: "A column of the rows to train on; repeatable.")
  var field: [String] = []

  @Option(help: "The most pieces; a small text gives fewer.")
  var vocabSize: Int

  @Option(help: "The file to write; an existing file is never overwritten.", completion: .file())
  var output: String

  @Option(
    help: ArgumentHelp(
      "Control symbols: each has an id, and no text encodes to it.", valueName: "a,b,…"))
  var controlSymbols: String?

  func validate() throws {
    try Bounds.check("--output", path: output)
    if DataFile.isNamed(input) && field.isEmpty {
      throw ValidationError("--input: rows need --field, the column to learn")
    }
    if !DataFile.isNamed(input) && !field.isEmpty {
      let endings = DataFile.endings.map { "." + $0 }.joined(separator: ", ")
      throw ValidationError(
        "--field: is for rows (got --input \(input.visible()); need \(endings))")
    }
  }

  func run() async throws {
    guard !Files.isTaken(output) else {
      throw Failure(
        .cannotCreate, "\(output.visible()): exists already",
        help: "models depend on the tokenizer they were made with; remove it if none does")
    }
    let symbols = controlSymbols?.split(bytes: ",").filter { !$0.isEmpty } ?? []
    let sentences = try sentences()
    try Files.checkPlace(ofFile: output)
    let bytes = try SentencePieceTokenizer.train(
      sentences: sentences,
      options: .init(vocabularySize: vocabSize, controlSymbols: symbols))
    try Files.writeAtomically(bytes, to: output)
    let size = try SentencePieceTokenizer(bytes: bytes, name: output).vocabularySize
    try StandardOutput.write(line: "\(output.visible()): \(NumberFormat.count(size)) pieces")
  }

  private func sentences() throws -> [String] {
    let data = try DataArgument(input)
    guard field.isEmpty else {
      let rows = try DataFile.rows(data.bytes, file: data.file)
      for name in field { try rows.require(name, setting: "--field") }
      return try rows.map { row throws(FormatError) in
        var texts: [String] = []
        for name in field { texts.append(try row.text(name)) }
        return texts
      }.flatMap { $0 }
    }
    let text = try ForeignFormat.text(in: data.bytes, file: data.file)
    // By scalars: "\r\n" is one character, and no line feed.
    return text.unicodeScalars.split(separator: "\n").map { line in
      String(line.last == "\r" ? line.dropLast() : line)
    }
  }
}

import ArgumentParser
import Formats
import Tokenization

/// `grpo tokenizer decode`.
struct TokenizerDecodeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decode",
    abstract: "Prints the text of token ids; control ids have none.")

  @OptionGroup var location: TokenizerLocation

  @Argument(help: "The ids, separated by spaces or commas. (default: the lines of standard input)")
  var ids: [String] = []

  @Flag(help: "Prints one JSON object per sequence.")
  var json = false

  func run() async throws {
    let tokenizer = try location.tokenizer()
    if ids.isEmpty {
      try StandardInput.forEachLine { number, line in
        try write(line, place: "\(StandardInput.name):\(number): ", tokenizer)
      }
    } else {
      try write(ids.joined(separator: " "), place: "", tokenizer)
    }
  }

  private func write(
    _ line: String, place: String, _ tokenizer: SentencePieceTokenizer
  ) throws {
    var values: [Int] = []
    for word in line.split(whereSeparator: { " ,\t[]".contains($0) }) {
      guard let value = Int(word) else {
        let found = String(word).shortened(to: 40).visible()
        throw Failure(.badData, "\(place)got \(found); need whole numbers")
      }
      values.append(value)
    }
    let text: String
    do {
      text = try tokenizer.decode(values)
    } catch {
      throw Failure(.badData, "\(place)\(error.description)")
    }
    guard json else { return try StandardOutput.write(line: text.visible(keepingLines: true)) }
    let object: JSON = ["ids": .array(values.map { .integer($0) }), "text": .string(text)]
    try StandardOutput.write(line: object.encoded())
  }
}

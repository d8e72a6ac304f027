import ArgumentParser
import Formats
import Tokenization

/// `grpo tokenizer encode`.
struct TokenizerEncodeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "encode",
    abstract: "Prints the token ids of texts, without BOS and EOS.")

  @OptionGroup var location: TokenizerLocation

  @Argument(help: "The texts. (default: the lines of standard input)")
  var texts: [String] = []

  @Flag(help: "Prints one JSON object per text, with its pieces.")
  var json = false

  func run() async throws {
    let tokenizer = try location.tokenizer()
    if texts.isEmpty {
      try StandardInput.forEachLine { try write($1, tokenizer) }
    } else {
      for text in texts { try write(text, tokenizer) }
    }
  }

  private func write(_ text: String, _ tokenizer: SentencePieceTokenizer) throws {
    let ids = try tokenizer.ids(of: text)
    guard json else {
      return try StandardOutput.write(line: ids.map(String.init).joined(separator: " "))
    }
    let object: JSON = [
      "text": .string(text), "ids": .array(ids.map { .integer($0) }),
      "pieces": .array(try tokenizer.pieces(of: text).map { .string($0) }),
    ]
    try StandardOutput.write(line: object.encoded())
  }
}

import ArgumentParser
import Formats
import Tokenization

/// `grpo tokenizer`.
struct TokenizerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenizer",
    abstract: "Trains a SentencePiece tokenizer, encodes and decodes texts.",
    subcommands: [
      TokenizerTrainCommand.self, TokenizerEncodeCommand.self, TokenizerDecodeCommand.self,
    ])
}

/// Where a tokenizer is.
struct TokenizerLocation: ParsableArguments {
  @Option(help: "A tokenizer.model, or a model's directory.", completion: .file())
  var model: String

  func tokenizer() throws -> SentencePieceTokenizer {
    try SentencePieceTokenizer(
      path: Files.isDirectory(model) ? model + "/tokenizer.model" : model)
  }
}

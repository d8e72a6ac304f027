import Foundation
import Kernels
import LanguageModel
import Tokenization

/// A model directory with random weights, removed with this.
final class ModelFolder {
  let path = NSTemporaryDirectory() + "policy-" + UUID().uuidString

  init() throws {
    let tokenizer = try SentencePieceTokenizer.train(
      sentences: (0..<50).map { "\($0)+\($0)=\(2 * $0)" }, options: .init(vocabularySize: 280))
    let configuration = ModelConfiguration(
      vocabularySize: try SentencePieceTokenizer(bytes: tokenizer, name: "corpus")
        .vocabularySize, hiddenSize: 16, layers: 2, attentionHeads: 2, keyValueHeads: 1,
      headSize: 8, intermediateSize: 24, maximumPositions: 24, ropeTheta: 10000,
      tiedEmbeddings: true, initializerRange: 0.3)
    let model = Model(
      configuration: configuration, parameters: Parameters(configuration, seed: 1))
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    let files = try ModelDirectory.files(of: model) + [("tokenizer.model", tokenizer)]
    for file in files {
      try Data(file.bytes).write(to: URL(fileURLWithPath: "\(path)/\(file.name)"))
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

import Evaluation
import Formats
import Foundation
import Kernels
import LanguageModel
import Sampling
import Testing
import Tokenization

@Suite struct PolicyTests {
  /// A model directory with random weights, removed with this.
  private final class Directory {
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

  private func options(_ temperature: Double) -> SamplingOptions {
    SamplingOptions(temperature: temperature, maximumTokens: 6, eosIDs: [2])
  }

  @Test func completionsDependOnSeedRowAndSampleAlone() throws {
    let directory = try Directory()
    let policy = try Policy(directory.path, threads: 2)
    let options = options(1)
    let drawn = try policy.complete("3+4=", count: 4, options: options, seed: 7, row: 2)
    #expect(drawn.count == 4)
    #expect(Set(drawn.map(\.drawn.tokens)).count > 1)
    let other = try Policy(directory.path, threads: 1)
    for sample in drawn.indices {
      let alone = try other.complete(
        "3+4=", options: options, seed: 7, row: 2, firstSample: sample)
      #expect(alone.map(\.drawn.tokens) == [drawn[sample].drawn.tokens])
      #expect(alone.map(\.text) == [drawn[sample].text])
    }
    for (seed, row) in [(8, 2), (7, 3)] {
      let changed = try other.complete(
        "3+4=", count: 4, options: options, seed: UInt64(seed), row: row)
      #expect(changed.map(\.drawn.tokens) != drawn.map(\.drawn.tokens))
    }
  }

  @Test func greedyCompletionsAreAllTheSameAndTextIsTheirTokens() throws {
    let directory = try Directory()
    let policy = try Policy(directory.path, threads: 1)
    let drawn = try policy.complete("1+1=", count: 3, options: options(0))
    #expect(Set(drawn.map(\.drawn.tokens)).count == 1)
    let tokenizer = try SentencePieceTokenizer(path: directory.path + "/tokenizer.model")
    #expect(drawn[0].promptIDs == [try #require(tokenizer.bosID)] + tokenizer.encode("1+1="))
    #expect(policy.eosIDs == [2] && policy.context == 24)
  }

  @Test func aPromptThatFillsTheContextIsRefused() throws {
    let directory = try Directory()
    let policy = try Policy(directory.path, threads: 1)
    #expect(throws: TextSamplerError.self) {
      _ = try policy.complete(String(repeating: "9+", count: 40), options: options(1))
    }
  }

  @Test func aDirectoryWithoutAFileIsNamed() throws {
    let directory = try Directory()
    try FileManager.default.removeItem(atPath: directory.path + "/tokenizer.model")
    let error = #expect(throws: FormatError.self) {
      _ = try Policy(directory.path, threads: 1)
    }
    #expect("\(try #require(error))".contains("tokenizer.model"))
  }
}

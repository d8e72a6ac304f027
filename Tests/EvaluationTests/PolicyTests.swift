import Evaluation
import Formats
import Foundation
import Kernels
import LanguageModel
import Sampling
import Testing
import Tokenization

@Suite struct PolicyTests {
  private func options(_ temperature: Double) -> SamplingOptions {
    SamplingOptions(temperature: temperature, maximumTokens: 6, eosIDs: [2])
  }

  @Test func completionsDependOnSeedRowAndSampleAlone() throws {
    let directory = try ModelFolder()
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
    let directory = try ModelFolder()
    let policy = try Policy(directory.path, threads: 1)
    let drawn = try policy.complete("1+1=", count: 3, options: options(0))
    #expect(Set(drawn.map(\.drawn.tokens)).count == 1)
    let tokenizer = try SentencePieceTokenizer(path: directory.path + "/tokenizer.model")
    #expect(drawn[0].promptIDs == [try #require(tokenizer.bosID)] + tokenizer.encode("1+1="))
    #expect(policy.eosIDs == [2] && policy.context == 24)
  }

  @Test func aPromptThatFillsTheContextIsRefused() throws {
    let directory = try ModelFolder()
    let policy = try Policy(directory.path, threads: 1)
    #expect(throws: TextSamplerError.self) {
      _ = try policy.complete(String(repeating: "9+", count: 40), options: options(1))
    }
  }

  @Test func aDirectoryWithoutAFileIsNamed() throws {
    let directory = try ModelFolder()
    try FileManager.default.removeItem(atPath: directory.path + "/tokenizer.model")
    let error = #expect(throws: FormatError.self) {
      _ = try Policy(directory.path, threads: 1)
    }
    #expect("\(try #require(error))".contains("tokenizer.model"))
  }
}

import Formats
import Foundation
import Sampling
import Testing
import Tokenization

@Suite struct TextSamplerTests {
  private func sampler(
    _ folder: ModelFolder, temperature: Double = 1, threads: Int = 1
  ) throws -> TextSampler {
    TextSampler(
      try Policy(directory: folder.path),
      options: SamplingOptions(temperature: temperature, maximumTokens: 6, eosIDs: [2]),
      threads: threads)
  }

  @Test func completionsDependOnSeedRowAndSampleAlone() throws {
    let folder = try ModelFolder()
    let drawn = try sampler(folder, threads: 2).complete("3+4=", count: 4, seed: 7, row: 2)
    #expect(drawn.count == 4)
    #expect(Set(drawn.map(\.drawn.tokens)).count > 1)
    let other = try sampler(folder)
    for sample in drawn.indices {
      let alone = try other.complete("3+4=", seed: 7, row: 2, firstSample: sample)
      #expect(alone.map(\.drawn.tokens) == [drawn[sample].drawn.tokens])
      #expect(alone.map(\.text) == [drawn[sample].text])
    }
    for (seed, row) in [(8, 2), (7, 3)] {
      let changed = try other.complete("3+4=", count: 4, seed: UInt64(seed), row: row)
      #expect(changed.map(\.drawn.tokens) != drawn.map(\.drawn.tokens))
    }
  }

  @Test func greedyCompletionsAreAllTheSameAndTextIsTheirTokens() throws {
    let folder = try ModelFolder()
    let drawn = try sampler(folder, temperature: 0).complete("1+1=", count: 3)
    #expect(Set(drawn.map(\.drawn.tokens)).count == 1)
    let policy = try Policy(directory: folder.path)
    #expect(
      drawn[0].promptIDs
        == [try #require(policy.tokenizer.bosID)] + policy.tokenizer.encode("1+1="))
    #expect(policy.eosIDs == [2] && policy.context == 24)
  }

  @Test func aPromptThatFillsTheContextIsRefused() throws {
    let sampler = try sampler(ModelFolder())
    let error = #expect(throws: PromptError.self) {
      try sampler.complete(String(repeating: "9+", count: 40))
    }
    #expect(error?.problem == .tooLong(tokens: 81, context: 24))
  }

  @Test func aDirectoryWithoutAFileIsNamed() throws {
    let folder = try ModelFolder()
    for file in ["tokenizer.model", "model.safetensors", "config.json"] {
      try FileManager.default.removeItem(atPath: folder.path + "/" + file)
      let error = #expect(throws: FormatError.self) { try Policy(directory: folder.path) }
      #expect("\(try #require(error))".contains(file))
    }
  }
}

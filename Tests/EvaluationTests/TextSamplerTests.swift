import Datasets
import Evaluation
import Formats
import Kernels
import LanguageModel
import Rewards
import Sampling
import Testing
import Tokenization

@Suite struct TextSamplerTests {
  private func completions(
    stop: [String] = []
  ) throws -> (SentencePieceTokenizer, [Completion]) {
    let folder = try ModelFolder()
    let policy = try Policy(folder.path, threads: 1)
    let tokenizer = try SentencePieceTokenizer(path: folder.path + "/tokenizer.model")
    let sampler = try TextSampler(
      engine: policy.engine(), tokenizer: tokenizer,
      options: SamplingOptions(maximumTokens: 12, eosIDs: [2]), stop: stop)
    let question = Question(index: 0, line: 1, prompt: "1+1=", answer: nil, columns: [:])
    let (_, completions) = try sampler.sample(
      policy.parameters, [question],
      [Sampler.Request(prompt: sampler.encode(prompt: "1+1="), row: 0, firstSample: 0)],
      completions: 40, draws: Draws(key: RandomKey(seed: 1, purpose: .sampling), step: 0))
    return (tokenizer, completions[0])
  }

  @Test func tokenEndsSplitTheTextIntoTheTokensTexts() throws {
    let (tokenizer, completions) = try completions()
    var inside = 0
    for completion in completions {
      let ends = try completion.tokenEnds?() ?? []
      #expect(ends.count == completion.tokenIDs.count)
      #expect(ends == ends.sorted() && (ends.last ?? 0) == completion.text.utf8.count)
      for (count, end) in ends.enumerated() {
        let prefix = try tokenizer.decode(Array(completion.tokenIDs[...count]))
        guard !prefix.contains("\u{FFFD}") else { continue }
        #expect(Array(completion.text.utf8.prefix(end)) == Array(prefix.utf8))
        if end < completion.text.utf8.count { inside += 1 }
      }
    }
    #expect(inside > 0)
  }

  @Test(arguments: [
    ("\n", "1\r\n2", "1\r"), ("1", "1\u{301}2", ""), ("\u{E9}", "e\u{301}1\u{E9}2", "e\u{301}1"),
    ("\u{1F44D}", "1\u{1F44D}\u{1F3FD}2", "1"), ("\r\n", "1\n2\r\n3", "1\n2"),
  ])
  func aStopStringIsFoundByItsBytes(stop: String, text: String, cut: String) throws {
    let folder = try ModelFolder()
    let policy = try Policy(folder.path, threads: 1)
    let sampler = try policy.sampler(
      options: SamplingOptions(maximumTokens: 12, eosIDs: [2]), stop: [stop])
    #expect(try sampler.text(of: sampler.tokenizer.encode(text)).hasSameBytes(as: cut))
  }

  @Test func behindAStopStringTokensEndWhereTheTextDoes() throws {
    let (_, all) = try completions()
    let letter = try #require(all.compactMap { $0.text.dropFirst(2).first { $0.isASCII } }.first)
    let (_, cut) = try completions(stop: [String(letter)])
    #expect(zip(all, cut).contains { $0.text != $1.text })
    for completion in cut {
      #expect(!completion.text.contains(letter))
      let end = try completion.tokenEnds?().last ?? 0
      #expect(end == completion.text.utf8.count)
    }
  }
}

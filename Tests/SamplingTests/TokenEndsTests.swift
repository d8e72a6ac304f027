import Sampling
import Testing
import Tokenization

@Suite struct TokenEndsTests {
  private func completions(
    stop: [String] = []
  ) throws -> (tokenizer: any Tokenizer, texts: [TextSampler.DrawnText]) {
    let folder = try ModelFolder()
    let sampler = TextSampler(
      try Policy(directory: folder.path),
      options: SamplingOptions(maximumTokens: 12, eosIDs: [2]), stop: stop)
    return (sampler.tokenizer, try sampler.complete("1+1=", count: 40, seed: 1))
  }

  @Test func theySplitTheTextIntoTheTokensTexts() throws {
    let (tokenizer, texts) = try completions()
    var inside = 0
    for completion in texts {
      let (tokens, text) = (completion.drawn.tokens, completion.text)
      let ends = try tokenizer.tokenEnds(tokens, in: text)
      #expect(ends.count == tokens.count)
      #expect(ends == ends.sorted() && (ends.last ?? 0) == text.utf8.count)
      for (count, end) in ends.enumerated() {
        let prefix = try tokenizer.decode(Array(tokens[...count]))
        guard !prefix.contains("\u{FFFD}") else { continue }
        #expect(Array(text.utf8.prefix(end)) == Array(prefix.utf8))
        if end < text.utf8.count { inside += 1 }
      }
    }
    #expect(inside > 0)
  }

  @Test func behindAStopTextTokensEndWhereTheTextDoes() throws {
    let (_, all) = try completions()
    let letter = try #require(all.compactMap { $0.text.dropFirst(2).first { $0.isASCII } }.first)
    let (tokenizer, cut) = try completions(stop: [String(letter)])
    #expect(zip(all, cut).contains { $0.text != $1.text })
    for completion in cut {
      let ends = try tokenizer.tokenEnds(completion.drawn.tokens, in: completion.text)
      #expect((ends.last ?? 0) == completion.text.utf8.count)
    }
  }
}

import Formats
import Sampling
import Testing
import Tokenization

@Suite struct StopTextsTests {
  private func sampler(stop: [String] = []) throws -> TextSampler {
    let folder = try ModelFolder()
    return TextSampler(
      try Policy(directory: folder.path),
      options: SamplingOptions(maximumTokens: 12, eosIDs: [2]), stop: stop)
  }

  @Test(arguments: [
    ("\n", "1\r\n2", "1\r"), ("1", "1\u{301}2", ""), ("\u{E9}", "e\u{301}1\u{E9}2", "e\u{301}1"),
    ("\u{1F44D}", "1\u{1F44D}\u{1F3FD}2", "1"), ("\r\n", "1\n2\r\n3", "1\n2"),
  ])
  func aStopTextIsFoundByItsBytes(stop: String, text: String, cut: String) throws {
    let sampler = try sampler(stop: [stop])
    #expect(try sampler.text(of: sampler.tokenizer.encode(text)).hasSameBytes(as: cut))
  }

  @Test func theFirstOfSeveralCuts() throws {
    let sampler = try sampler(stop: ["cd", "bc", "e"])
    #expect(try sampler.text(of: sampler.tokenizer.encode("abcde")) == "a")
    #expect(try sampler.text(of: sampler.tokenizer.encode("abd")) == "abd")
  }

  @Test func aCompletionEndsWithTheTokenThatCompletesAStopText() throws {
    let whole = try sampler().complete("1+1=", count: 40, seed: 1)
    let letter = try #require(whole.compactMap { $0.text.dropFirst(2).first { $0.isASCII } }.first)
    let stopped = try sampler(stop: [String(letter)]).complete("1+1=", count: 40, seed: 1)
    #expect(zip(whole, stopped).contains { $0.text != $1.text })
    for (whole, stopped) in zip(whole, stopped) {
      #expect(whole.text.hasPrefix(stopped.text) && !stopped.text.contains(letter))
      #expect(whole.drawn.tokens.starts(with: stopped.drawn.tokens))
      #expect(stopped.drawn.stopped == (whole.drawn.stopped || whole.text.contains(letter)))
    }
  }
}

import Formats
import Rewards
import Testing

@Suite struct LengthBandTests {
  @Test(arguments: [(0, 0.0), (1, 0), (2, 1), (3, 1), (4, 1), (5, 0), (1000, 0)])
  func insideIsOneAndOutsideIsZero(tokens: Int, score: Double) throws {
    #expect(try LengthBand(band: 2...4).score(.of("", tokens: tokens)) == score)
  }

  @Test(arguments: [(0, 0.5), (1, 0.75), (2, 1), (4, 1), (5, 0.75), (7, 0.25), (8, 0), (9, 0)])
  func aSlopeFallsLinearly(tokens: Int, score: Double) throws {
    #expect(try LengthBand(band: 2...4, slope: 4).score(.of("", tokens: tokens)) == score)
  }

  @Test func wordsAndCharactersCanBeCounted() throws {
    let text = " two\u{A0}words\n"
    #expect(try LengthBand(unit: .words, band: 2...2).score(.of(text)) == 1)
    #expect(try LengthBand(unit: .words, band: 0...0).score(.of(" \n")) == 1)
    // Scalars: an e and a combining accent are two.
    #expect(try LengthBand(unit: .characters, band: 2...2).score(.of("e\u{301}")) == 1)
  }

  @Test func optionsAreRead() throws {
    let reward = try BuiltInReward.named(
      "length_band", options: ["unit": "words", "min": 1, "max": 2, "slope": 2])
    #expect(try reward.score(.of("a b c")) == 0.5)
  }

  @Test func aBandNeedsItsUpperEnd() {
    #expect {
      _ = try BuiltInReward.named("length_band")
    } throws: {
      String(describing: $0) == "max: option of length_band: missing (need the greatest length)"
    }
    #expect {
      _ = try BuiltInReward.named("length_band", options: ["min": 3, "max": 2])
    } throws: {
      String(describing: $0) == "min: option of length_band: got 3.0; need at most max, 2.0"
    }
  }
}

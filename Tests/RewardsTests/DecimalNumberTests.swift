import Rewards
import Testing

@Suite struct DecimalNumberTests {
  @Test(arguments: [
    ("0", 0.0), ("-0.0", 0), ("1,000.25", 1000.25), ("12e-1", 1.2), ("-.5", -0.5),
    ("0.1", 0.1), ("1e308", 1e308), ("1e309", .infinity), ("1e-400", 0),
  ])
  func valueIsTheNearestDouble(text: String, value: Double) throws {
    #expect(try #require(DecimalNumber(text)).value == value)
  }

  @Test func sixDigitsOfExponentAndFourHundredCharactersAreTheMost() {
    #expect(DecimalNumber("1e999999") != nil)
    #expect(DecimalNumber("1e1000000") == nil)
    #expect(DecimalNumber(String(repeating: "9", count: 400)) != nil)
    #expect(DecimalNumber(String(repeating: "9", count: 401)) == nil)
  }
}

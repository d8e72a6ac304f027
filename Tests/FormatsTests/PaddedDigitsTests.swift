import Formats
import Testing

@Suite struct PaddedDigitsTests {
  @Test func zerosStandBeforeTheDigits() {
    #expect(123.digits(6) == "000123" && 0.digits(2) == "00")
    #expect(UInt8(10).digits(2, radix: 16) == "0a")
    #expect(UInt8(10).digits(2, radix: 16, uppercase: true) == "0A")
  }

  @Test func moreDigitsAreAllThere() { #expect(1234.digits(3) == "1234") }
}

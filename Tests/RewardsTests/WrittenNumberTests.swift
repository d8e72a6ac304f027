import Rewards
import Testing

@Suite struct WrittenNumberTests {
  /// Nil: the last digits are no number, and an earlier number is not taken for them.
  @Test(arguments: [
    ("3 apples and 5 apples weigh 8kg", "8" as String?), ("8kg or 5", "5"), ("about 8 kg.", "8"),
    ("29.00", "29.00"), ("It is 29.", "29"), ("29...", "29"), ("costs $29", "$29"), ("29€", "29"),
    ("so **29**", "29"), ("__29__", "29"), ("\\boxed{29}.", "29"), ("$x = 29$", "29"),
    ("29\\%", "29"), ("50%", "50"), ("#### 29", "29"), ("42nd", "42"), ("(42)", "42"),
    ("007", "007"), (".5", ".5"), ("5.", "5"), ("is .5!", ".5"), ("$.50", "$.50"), ("...5", "5"),
    ("1,234", "1,234"), ("1,234,567.8", "1,234,567.8"), ("1'234", "1'234"), ("1_000", "1_000"),
    ("1\u{202f}234", "1\u{202f}234"), ("1{,}234", "1{,}234"), ("1\\,234", "1\\,234"),
    ("1,2,3", "3"), ("41,42", "42"), ("1, 2, 3", "3"), ("1,23", "23"), ("0.5,1.5", "1.5"),
    // Signs, subtractions, ranges and dashes.
    ("-5", "-5"), ("is \u{2212}5", "\u{2212}5"), ("is \u{2013}5", "\u{2013}5"), ("x=-5", "-5"),
    ("= - 5", "- 5"), ("-$5", "-$5"), ("$-5", "-5"), ("(-5)", "-5"), ("+5", "+5"), ("2*-5", "-5"),
    ("3-5", "5"), ("3\u{2013}5", "5"), ("3 - 5", "5"), ("84-42", "42"), ("x-5", "5"),
    ("(1)-5", "5"), ("10--5", "-5"), ("so--42", "42"), ("- 5 apples", "5"), ("COVID-19", "19"),
    // Powers of ten and fractions.
    ("1.5e3", "1.5e3"), ("1E-2", "1E-2"), ("1.5×10^3", "1.5×10^3"), ("2 x 10⁶", "2 x 10⁶"),
    ("1.5 \\times 10^{-3}", "1.5 \\times 10^{-3}"), ("10^6", "10^6"), ("3/4", "3/4"),
    ("3 / 4", "3 / 4"), ("1 1/2 cups", "1 1/2"), ("-\\frac{3}{4}", "-\\frac{3}{4}"),
    ("2\\frac{1}{2}", "2\\frac{1}{2}"), ("2*10", "10"), ("6/2=3", "3"),
    // Units with exponents, and scripts that put no space before a number.
    ("25 cm^2", "25"), ("25m²", "25"), ("9.8 m/s^{2}", "9.8"), ("60 km/h", "60"), ("答案是42", "42"),
    ("\\approx42", "42"), ("No.5", "5"), ("第2", "2"),
    // Digits of something else.
    ("5 in v2.0", nil), ("5, see H2O", nil), ("5 and x_1", nil), ("5 at 12:30", nil),
    ("5 to 3:4", nil), ("5 on 1/2/2024", nil), ("5 of 1.2.3", nil), ("5 is 2^10", nil),
    ("5 is (1+2)^3", nil), ("5 or \\sqrt{2}", nil), ("5 or √2", nil), ("5 or \\frac{x}{2}", nil),
    ("5 or 0x1F", nil), ("5 or 1/0", nil), ("5 or 5½", nil), ("5 or ½", nil), ("5 or ٤", nil),
    ("5 is 2²", nil), ("5 or 3万", nil), ("5 or 1e0000001", nil), ("none", nil), ("", nil),
    ("5, a1b2", nil), ("5, 3.5/5", nil),
  ])
  func theLastDigitsOfATextAreItsLastNumberOrNone(text: String, number: String?) {
    #expect(WrittenNumber.last(in: text)?.text == number)
  }

  @Test(arguments: [
    ("0", 0.0), ("-0.0", 0), ("1,000.25", 1000.25), ("12e-1", 1.2), ("-.5", -0.5),
    ("0.1", 0.1), ("1e308", 1e308), ("1e309", .infinity), ("1e-400", 0), ("3/4", 0.75),
    ("-1/3", -1.0 / 3), ("1 1/2", 1.5), ("\\frac{7}{2}", 3.5), ("1.5 × 10^3", 1500),
    ("2·10⁻²", 0.02), ("1e999999", .infinity), ("50%", 50), ("-$1,234.50", -1234.5),
  ])
  func valueIsTheNearestDouble(text: String, value: Double) throws {
    #expect(try #require(WrittenNumber(text)).value == value)
  }

  @Test(arguments: [
    " 29 ", "29.", "29.00", "$29", "29 USD", "**29**", "`29`", "$29$", "\\(29\\)", "\\boxed{29}",
    "$\\boxed{29}$.", "\"29\"", "(29)", "= 29", "29%", "29\\%", "29 apples", "29kg", "29 km/h",
    "29 cm^2", "29 \\text{ cm}", "+29", "58/2", "2.9e1", "0029", "**$29.00**", "29!", "#29",
  ])
  func markupCurrencyAndUnitDoNotHideANumber(text: String) throws {
    let number = try #require(WrittenNumber(text))
    #expect(try number.equals(#require(WrittenNumber("29"))))
  }

  @Test(arguments: [
    "", "-", ".", "e5", "5 0", "5 or 6", "1,23", "1234,567", "1,2345", "0x10", "nan", "inf", "٤",
    "--4", "+-4", "4 of them", "about 4", "x = 4", "four", "12:30", "1e0000001", "3-5", "\\sqrt{4}",
  ])
  func aTextThatSaysMoreOrElseIsNoNumber(text: String) {
    #expect(WrittenNumber(text) == nil)
  }

  @Test(arguments: [
    ("12193263113702179522496385", "12,193,263,113,702,179,522,496,385", true),
    ("12193263113702179522496385", "1.2193263113702179522496385e25", true),
    ("12193263113702179522496385", "12193263113702179522496386", false),
    ("1e999999", "10e999998", true), ("1e400", "2e400", false), ("-0", "0", true),
    ("1/2", "0.5", true), ("2/6", "1/3", true), ("1/3", "0.3333333333333333", false),
    ("-3/4", "-0.75", true), ("99999999999999999/2", "49999999999999999.5", true),
    ("1/9007199254740992", "1.1102230246251565404236316680908203125e-16", true),
    ("0/7", "0", true), ("5/7", "5", false), ("-5", "5", false),
  ])
  func valuesAreComparedExactly(one: String, other: String, areEqual: Bool) throws {
    let (a, b) = (try #require(WrittenNumber(one)), try #require(WrittenNumber(other)))
    #expect(a.equals(b) == areEqual)
    #expect((a.canonical == b.canonical) == areEqual)
  }

  @Test func fourHundredCharactersAreTheMost() {
    #expect(WrittenNumber(String(repeating: "9", count: 400)) != nil)
    #expect(WrittenNumber(String(repeating: "9", count: 401)) == nil)
    #expect(WrittenNumber("1." + String(repeating: "9", count: 399)) == nil)
  }

  @Test func hugeTextsAreReadOnce() {
    for part in [
      "1", "1,", "1,000,", "$", "a", "a1", "x^2", "_", "- ", "1/", "\\frac{1}{", "1.1", "⁵",
    ] {
      let text = String(repeating: part, count: 10_000 / part.utf8.count)
      #expect(WrittenNumber.last(in: text + " 42")?.text == "42", "\(part)")
      #expect(WrittenNumber(text) == nil, "\(part)")
    }
  }
}

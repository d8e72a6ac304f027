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
    // Plain digits as exponents.
    ("24 m2.", "24"), ("24 cm2", "24"), ("24 m3", "24"), ("24 in2", "24"), ("24 ft2", "24"),
    ("24m2", "24"), ("24cm3,", "24"), ("24 kg/m3", "24"), ("24kg/m3", "24"), ("9.8 m/s2", "9.8"),
    ("9.8m/s2", "9.8"), ("9.8 m / s2", "9.8"), ("9.8 m s-2", "9.8"), ("9.8 ms\u{2212}2", "9.8"),
    ("24 kg m2/s2", "24"), ("24 kg·m2·s-2", "24"), ("24 J kg-1 K-1", "24"), ("24 square m2", "24"),
    ("24 people/km2", "24"), ("24 people per km2", "24"), ("24 \\text{ m2}", "24"),
    ("$24\\,\\mathrm{m2}$", "$24"), ("24 m3/s", "24"), ("4 m2 or 24 m2", "24"), ("24 m2, 5", "5"),
    ("1 m-3 m", "3"), ("1cm-3cm", "3"), ("1 m-3", "1"), ("5 and m2", nil), ("5 of m2", nil),
    ("5 in m2", nil), ("m2", nil), ("24 x2", nil), ("24x2", nil), ("24 s2", nil), ("24 m22", nil),
    ("24 m5", nil), ("24 m2b", nil), ("24 am2", nil), ("24 V-2", "2"),
    // Digits of something else.
    ("5 in v2.0", nil), ("5, see H2O", nil), ("5 and x_1", nil), ("5 at 12:30", nil),
    ("5 to 3:4", nil), ("5 on 1/2/2024", nil), ("5 of 1.2.3", nil), ("5 is 2^10", nil),
    ("5 is (1+2)^3", nil), ("5 or \\sqrt{2}", nil), ("5 or √2", nil), ("5 or \\frac{x}{2}", nil),
    ("5 or 0x1F", nil), ("5 or 1/0", nil), ("5 or 5½", "5½"), ("5 or ½", "½"), ("5 or ٤", nil),
    ("5 is 2²", nil), ("5 or 3万", nil), ("5 or 1e0000001", nil), ("none", nil), ("", nil),
    ("5, a1b2", nil), ("5, 3.5/5", nil),
  ])
  func theLastDigitsOfATextAreItsLastNumberOrNone(text: String, number: String?) {
    #expect(WrittenNumber.last(in: text)?.text == number)
  }

  /// Nil: digits that are glued to what is not read have no value, and no part of them has.
  @Test(arguments: [
    // Groups.
    ("10 000", 10_000 as Double?), ("1 000 000 dollars", 1_000_000), ("1 234 567", 1_234_567),
    ("room 10 000", 10_000), ("1 2 3", 3), ("3 4", 4), ("0 000", 0), ("2023 400", 400),
    ("A4 120", 120), ("₹12,34,567", 1_234_567), ("1,00,000", 100_000), ("1\u{2007}234", 1234),
    // Lists.
    ("90,95,100", 100), ("98 99 100", 100), ("3 5 7 100", 100), ("day 5 250 km", 250),
    ("1,2,4,5,10,20,25,50,100", 100), ("2 4 8 128 256", 256), ("(10,20,300)", 300),
    ("12,34,567", 567), ("Step 1 100 km", 100), ("100 200 300", 300), ("1 234 5", 5),
    // Multiples.
    ("5 million", nil), ("$5k", nil), ("3 hundred", nil), ("2 Dozen eggs", nil), ("5 km", 5),
    ("5 thousandths", 5), ("5 kilos", 5),
    // Parts of a number.
    ("1,000,00", nil), ("1'234'56", nil), ("1_000_00", nil), ("1.234,56", nil), ("1 234,5", nil),
    ("1.234.567,89", nil), ("€5,50", nil), ("5,50 €", nil), ("0,5", nil), ("(0,5)", 5),
    ("1\u{200B}2", nil), ("1\u{AD}2", nil), ("8\u{200B}", 8), ("8\u{301}", nil),
    // Fractions.
    ("\\frac34", 0.75), ("\\dfrac12", 0.5), ("\\frac 3 4", 0.75), ("\\frac{-3}{4}", -0.75),
    ("\\frac{1,000}{4}", 250), ("1/1,000", 0.001), ("3 /4", 0.75), ("3/ 4", 0.75), ("3÷4", 0.75),
    ("3 \\div 4", 0.75), ("1½ cups", 1.5), ("8 ½", 8.5), ("-½", -0.5), ("(3)/(4)", nil),
    ("3/(4)", nil), ("3/-4", nil), ("3/4/5", nil), ("\\frac{3}{4.5}", nil),
    ("\\frac{\\frac{1}{2}}{3}", nil),
    // Powers, roots, functions.
    ("10**3", 1000), ("10 ^ 3", 1000), ("2*10**3", 2000), ("1.5 × 10 ** 3", 1500), ("2**10", nil),
    ("3 ** 2", nil), ("3 ^ 2", nil), ("(1+2)**3", nil), ("{5}^2", nil), ("\\sqrt 16", nil),
    ("sqrt(16)", nil), ("√ 16", nil), ("√(16)", nil), ("\\sqrt[3]{8}", nil), ("3√2", nil),
    ("\\sqrt{9 + 16}", nil), ("\\sqrt{3}/2", nil), ("log_2 8", nil), ("\\sin 30", nil),
    ("\\binom{5}{2}", nil), ("sqrt(16) = 4", 4), ("**8** **9**", 9), ("5 **8**", 8),
    // What repeats for ever, dates, subscripts.
    ("0.\\overline{3}", nil), ("0.(3)", nil), ("0.3\\overline{3}", nil), ("2024-05-06", nil),
    ("06-05-2024", nil), ("10-5-3", 3), ("x_{1}", nil), ("1011_{2}", nil), ("5_2", nil),
    // Beside operators and commands.
    ("2π", nil), ("2\\pi", nil), ("\\pi/4", nil), ("π/ 4", nil), ("±5", nil), ("5 ± 0.2", nil),
    ("5+/-2", nil), ("5 \\pm 2", nil), ("8 % 3", nil), ("w/ 5 apples", 5), ("10%-20%", 20),
    // Minus signs apart from their number.
    ("is - 5", -5), ("The answer is - 5.", -5), ("Answer: - 5", -5), ("**Answer:** - 5", -5),
    ("(- 5)", -5), ("$- 5$", -5), ("- 5 apples", 5), ("10 - 5", 5),
    ("is minus 5", -5), ("negative 5", -5), ("a negative $5.50", -5.5), ("10 minus 5", 5),
    ("x minus 5", 5), ("= Negative 1/2", -0.5),
    // Units.
    ("45^\\circ", 45), ("90^{\\circ}", 90), ("8^{th}", 8), ("USD8", 8), ("A8", nil),
  ])
  func noPartOfDigitsIsTakenForTheirValue(text: String, value: Double?) {
    #expect(WrittenNumber.last(in: "7, " + text)?.value == value)
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
    "x = 29", "$x=29$", "about 29", "USD 29", "The answer is 29", "Answer: 29", "29^\\circ",
    "29 cm^2", "29 \\text{ cm}", "+29", "58/2",
    // Whole answers.
    "29 square meters", "29 miles per hour", "29 US dollars", "29 per cent", "29 sq. ft.",
    "29 years old", "29 m s^{-1}", "29 m/s2", "29 out of 30", "29 of them", "29 (approx.)",
    "29 hours a day", "29 (3 + 26)", "29, as 3 + 26 = 29", "29 because 3 + 26", "29 = 3 + 26",
    "29, not 30", "29 - done", "29 \\text{ miles per hour}", "Total: 29", "So, 29", "Tom has 29",
    "Tom has 29 apples.", "There are 29", "Yes, 29", "a) 29", "Therefore, the answer is 29.",
    "The answer is 29, so 29.", "She pays $29", "The final answer is **29** apples.", "f(2) = 29",
    "x_1 = 29", "2x = 58/2", "Area = 29", "3 + 26 = 29", "\\(3 + 26 = 29\\)", "= 29", "**= 29**",
    "=> 29", "-> 29", "<b>29</b>", "<29>", "The answer is 29 (29 = 3 + 26)", "Answer - 29",
    "\\sqrt{841} = 29", "log_2(x) = 29", "29 people (not counting Tom)", "29 (not 30)",
    "2 * 3 = 6, 6 + 23 = 29", "Answer \u{2014} 29", "the 29", "* 29", "2.9e1", "0029", "**$29.00**",
    "29!", "#29",
  ])
  func markupCurrencyAndUnitDoNotHideANumber(text: String) throws {
    let number = try #require(WrittenNumber(text))
    #expect(try number.equals(#require(WrittenNumber("29"))))
  }

  @Test(arguments: [
    "", "-", ".", "e5", "5 0", "5 or 6", "1,23", "1234,567", "1,2345", "0x10", "nan", "inf", "٤",
    "--4", "+-4", "3 minus 4", "not 4", "four", "12:30", "1e0000001", "3-5", "\\sqrt{4}",
    // Which one is not said.
    "4, 5", "4 and 5", "4 4", "4 apples and 3 pears", "4 ft 8 in", "4 to 5", "x = 4, y = 5",
    "x = 4 and y = 5", "x = 4 or x = 5", "five or 4", "4 or more", "(4, 5)", "The 2 answers are 4",
    "First 3, then 4", "2 * 3 = 6. The answer is 4", "Step 2: 4",
    // Another one, or a bound.
    "It is not 4", "It isn't 4.", "It can\u{2019}t be 4", "4 is not right", "x > 4", "x >= 4",
    "x ≤ 4",
    "x != 4", "$x \\ge 4$", "at least 4", "up to 4", "4% of 50", "more than 4", "half of 4",
    "twice 4",
    "the square root of 4",
    "4 squared", "4 and a half", "x + 4", "x - 4", "x*4", "y = x + 4", "4 + x", "4 - x",
    "x = 3 + 4",
    "COVID-19", "4 * y", "3 times 4",
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
    ("minus 4", "-4", true), ("negative 4", "4", false),
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
      "1", "1,", "1,000,", "$", "a", "a1", "x^2", "_", "- ", "1/2", "\\frac{1}{", "1.1", "⁵",
      "√(", "sqrt(", "\\sqrt{1", "{", "1 000 ", "1-", "= - ", "1,23,",
    ] {
      let text = String(repeating: part, count: 10_000 / part.utf8.count)
      #expect(WrittenNumber.last(in: text + " 42")?.text == "42", "\(part)")
      #expect(WrittenNumber(text) == nil, "\(part)")
    }
  }
}

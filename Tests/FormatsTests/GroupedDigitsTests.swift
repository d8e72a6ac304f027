import Formats
import Testing

@Suite struct GroupedDigitsTests {
  @Test(arguments: [
    (0, "0"), (999, "999"), (1000, "1,000"), (33472, "33,472"), (-895_360, "-895,360"),
    (1_234_567, "1,234,567"), (Int.min, "-9,223,372,036,854,775,808"),
  ])
  func digitsStandInGroupsOfThree(value: Int, text: String) {
    #expect(value.grouped == text)
  }
}

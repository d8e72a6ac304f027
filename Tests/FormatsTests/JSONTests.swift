import Formats
import Testing

@Suite struct JSONTests {
  @Test func accessorsAnswerForTheirOwnKindOnly() {
    let value: JSON = ["s": "x", "i": 1, "n": 1.5, "b": true, "a": [1], "o": ["k": nil]]
    #expect(value["s"]?.string == "x")
    #expect(value["i"]?.int == 1)
    #expect(value["i"]?.double == 1)
    #expect(value["n"]?.double == 1.5)
    #expect(value["n"]?.int == nil)
    #expect(value["b"]?.bool == true)
    #expect(value["b"]?.int == nil)
    #expect(value["a"]?.array == [1])
    #expect(value["o"]?["k"]?.isNull == true)
    #expect(value["o"]?["none"] == nil)
    #expect(value["s"]?["none"] == nil)
  }

  @Test func wholeAndOtherNumbersAreDifferent() {
    #expect(JSON.integer(1) != JSON.number(1))
    #expect(JSON.integer(1) == JSON.integer(1))
    #expect(JSON.null != JSON.bool(false))
  }

  @Test func stringsAreEqualWhenTheirBytesAre() {
    #expect(JSON.string("\u{E9}") != JSON.string("e\u{301}"))
    #expect(JSON.string("\u{E9}") == JSON.string("\u{E9}"))
  }
}

import RewardPlugins
import Testing

@Suite struct ErrorTailTests {
  @Test func keepsTheLast64KiB() {
    let tail = ErrorTail()
    for number in 0..<300 { tail.append([UInt8](repeating: UInt8(number % 256), count: 1000)) }
    #expect(tail.contents.count == 64 << 10)
    #expect(tail.contents.last == 43)  // 299 − 256
    #expect(tail.contents.first == 234)  // 65,536 bytes: 65 whole pieces and 536 of the 66th
  }

  @Test(arguments: [
    ("", nil as String?), ("\n \n", nil), ("one", "one"), ("one\ntwo\n", "two"),
    ("one\r\ntwo\r\n \t\n", "two"), ("bell\u{7}", "bell\\u{7}"),
  ])
  func lastLineIsTheLastThatIsNotBlank(text: String, line: String?) {
    let tail = ErrorTail()
    tail.append(Array(text.utf8))
    #expect(tail.lastLine == line)
  }

  @Test func bytesThatAreNoTextDoNotMatter() {
    let tail = ErrorTail()
    tail.append([0xFF, 0xFE, UInt8(ascii: "x")])
    #expect(tail.lastLine == "\u{fffd}\u{fffd}x")
  }
}

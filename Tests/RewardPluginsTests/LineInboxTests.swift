import RewardPlugins
import Testing

@Suite struct LineInboxTests {
  private func receive(_ inbox: LineInbox, _ text: String) -> Bool {
    inbox.receive(Array(text.utf8))
  }

  private func line(_ inbox: LineInbox) async -> Result<String, LineInbox.Failure> {
    await inbox.line().map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func piecesMakeALine() async {
    let inbox = LineInbox(limit: 10)
    for text in ["first", "second"] {
      inbox.expectLine()
      #expect(receive(inbox, String(text.prefix(2))) && receive(inbox, String(text.dropFirst(2))))
      #expect(receive(inbox, "\n"))
      #expect(await line(inbox) == .success(text))
    }
  }

  @Test func aWaiterIsWokenByTheLineAndByTheEnd() async {
    let inbox = LineInbox(limit: 10)
    inbox.expectLine()
    async let first = line(inbox)
    _ = receive(inbox, "a\n")
    #expect(await first == .success("a"))
    async let second = line(inbox)
    inbox.end()
    #expect(await second == .failure(.ended))
    #expect(await line(inbox) == .failure(.ended))
  }

  @Test func lineOfTheLimitFitsAndOneByteMoreDoesNot() async {
    let fits = LineInbox(limit: 4)
    fits.expectLine()
    #expect(receive(fits, "1234\n"))
    #expect(await line(fits) == .success("1234"))
    for pieces in [["12345\n"], ["1234", "5\n"], ["12345"]] {
      let inbox = LineInbox(limit: 4)
      inbox.expectLine()
      for piece in pieces { _ = receive(inbox, piece) }
      #expect(await line(inbox) == .failure(.tooLong(limit: 4)))
    }
  }

  @Test func outputNobodyAskedForBreaksTheInboxAndTheLineThatWaits() async {
    let inbox = LineInbox(limit: 10)
    inbox.expectLine()
    #expect(!receive(inbox, "a\nb"))
    #expect(await line(inbox) == .failure(.unsolicited(Array("b".utf8))))
    #expect(!receive(inbox, "c\n"))
    #expect(inbox.failure == .unsolicited(Array("b".utf8)))
  }

  @Test func oneThatDiscardsForgetsWhatNobodyAskedFor() async {
    let inbox = LineInbox(limit: 10, discardsUnless: { _ in false })
    #expect(receive(inbox, "a\nb"))
    #expect(inbox.expectLine() == 2)
    // The rest of a line that had begun before the request is no reply to it.
    #expect(receive(inbox, "c") && receive(inbox, "d\ne"))
    #expect(receive(inbox, "f\ng\nh"))
    #expect(await line(inbox) == .success("ef"))
    #expect(receive(inbox, "i\n"))
    #expect(inbox.expectLine() == 2)
    #expect(receive(inbox, "j\n"))
    #expect(await line(inbox) == .success("j"))
    #expect(inbox.expectLine() == 0)
  }

  @Test func oneThatDiscardsTakesNoMoreThanALine() async {
    let inbox = LineInbox(limit: 4, discardsUnless: { _ in false })
    #expect(receive(inbox, "12\n") && !receive(inbox, "34\n"))
    inbox.expectLine()
    #expect(await line(inbox) == .failure(.unsolicited(Array("34\n".utf8))))
  }

  @Test(arguments: [["a\nr\n"], ["a\nx\nr", "\n"], ["a\n\nr\nx\n"]])
  func oneThatDiscardsTakesNoSecondReply(pieces: [String]) async {
    let inbox = LineInbox(limit: 10, discardsUnless: { $0 == Array("r".utf8) })
    inbox.expectLine()
    for piece in pieces { _ = receive(inbox, piece) }
    #expect(await line(inbox) == .failure(.unsolicited(Array("r".utf8))))
  }

  @Test func aReplyWhoseRestComesAfterTheRequestIsNoReplyToIt() async {
    let inbox = LineInbox(limit: 10, discardsUnless: { $0 == Array("rr".utf8) })
    #expect(receive(inbox, "r"))
    inbox.expectLine()
    #expect(!receive(inbox, "r\na\n"))
    #expect(await line(inbox) == .failure(.unsolicited(Array("rr".utf8))))
  }

  @Test func cancellingEndsAWait() async {
    let inbox = LineInbox(limit: 10)
    let wait = Task { await line(inbox) }
    wait.cancel()
    #expect(await wait.value == .failure(.cancelled))
    #expect(inbox.failure == nil)
  }
}

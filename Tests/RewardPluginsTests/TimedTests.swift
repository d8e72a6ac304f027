import RewardPlugins
import Testing

@Suite struct TimedTests {
  @Test func workThatEndsByItselfIsNotLate() async {
    let timed = await Timed(limit: .seconds(86_400)) { 1 }
    #expect(timed.value == 1 && !timed.isLate)
  }

  @Test func workThatDoesNotEndIsCancelledAndLate() async {
    let inbox = LineInbox(limit: 10)
    let timed = await Timed(clock: {}, work: { await inbox.line() })
    #expect(timed.value == .failure(.cancelled) && timed.isLate)
  }

  /// Which of the two is looked at first is up to the scheduler.
  @Test func aLineThatCameBeforeTheClockCountsHoweverLateItIsLookedAt() async {
    for _ in 0..<1000 {
      let inbox = LineInbox(limit: 10)
      inbox.expectLine()
      let timed = await Timed(
        clock: { _ = inbox.receive(Array("line\n".utf8)) }, work: { await inbox.line() })
      #expect(timed.value == .success(Array("line".utf8)))
    }
  }

  @Test func aTaskThatIsCancelledIsNotLate() async {
    let inbox = LineInbox(limit: 10)
    let task = Task {
      await Timed(limit: .seconds(86_400)) { await inbox.line() }
    }
    task.cancel()
    let timed = await task.value
    #expect(timed.value == .failure(.cancelled) && !timed.isLate)
  }
}

import Evaluation
import Rewards
import Testing

@Suite struct MajorityVoteTests {
  @Test(arguments: [
    (["7", "8", "8", "9"], 1),
    (["7", "8", "8", "7"], 0),  // a tie: 7 occurs first
    (["8", "7", "7", "8", "9"], 0),  // a tie: 8 occurs first
    (["1", "2", "3"], 0),  // all tied
    (["4"], 0),
  ])
  func theMostFrequentAnswerWins(answers: [String], winner: Int) throws {
    #expect(try MajorityVote.winner(answers, first: answers.count) == winner)
  }

  @Test func onlyTheFirstSamplesVote() throws {
    let answers = ["7", "8", "8", "7", "7"]
    #expect(try MajorityVote.winner(answers, first: 1) == 0)
    #expect(try MajorityVote.winner(answers, first: 3) == 1)
    #expect(try MajorityVote.winner(answers, first: 5) == 0)
  }

  @Test func samplesWithoutAnswerDoNotVote() throws {
    #expect(try MajorityVote.winner([nil, nil, "3"], first: 3) == 2)
    #expect(try MajorityVote.winner([nil, nil, "3"], first: 2) == nil)
    #expect(try MajorityVote.winner(["", "", "3"], first: 3) == 0)
  }

  /// Swift's String equality would count these two as one answer.
  @Test func answersAreComparedByTheirBytes() throws {
    #expect(try MajorityVote.winner(["x", "\u{e9}", "x", "e\u{301}", "x"], first: 4) == 0)
    #expect(try MajorityVote.winner(["\u{e9}", "e\u{301}", "e\u{301}"], first: 3) == 1)
  }

  @Test(arguments: [0, 3]) func whatIsNoNumberOfTheSamplesIsRefused(k: Int) {
    let error = #expect(throws: StatisticsError.self) {
      try MajorityVote.winner(["1", "2"], first: k)
    }
    #expect(error?.description == "k: is out of range (got \(k); need 1 to 2)")
  }

  private func completion(_ text: String) -> Completion {
    Completion(prompt: "", text: text, tokenIDs: [], finishReason: .stop, answer: "5")
  }

  @Test(arguments: [
    ("so 2+3=5\n#### 5", "3+2 is it\n#### $5.00", true), ("#### 5", "#### 6", false),
  ])
  func whatTheRewardComparesVotes(one: String, other: String, isSame: Bool) throws {
    let votes = try [one, other].map {
      try #require(MajorityVote.vote(of: completion($0), under: GSM8KAnswer()))
    }
    #expect((votes[0] == votes[1]) == isSame)
    #expect(MajorityVote.vote(of: completion("no idea"), under: GSM8KAnswer()) == nil)
    #expect(MajorityVote.ballot(under: GSM8KAnswer()) == .answers)
  }

  @Test func whereNoAnswerIsComparedWholeTextsVote() {
    let reward = ClosureReward("custom") { _ in 1 }
    #expect(MajorityVote.ballot(under: reward) == .wholeTexts)
    #expect(MajorityVote.vote(of: completion(" so #### 5\n"), under: reward) == "so #### 5")
    #expect(MajorityVote.vote(of: completion(""), under: reward) == "")
  }
}

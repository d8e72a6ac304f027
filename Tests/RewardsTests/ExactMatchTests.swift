import Formats
import Rewards
import Testing

@Suite struct ExactMatchTests {
  @Test(arguments: [
    ("42", "42", 1.0), (" 42\n", "42", 1), ("42", "\t42 ", 1), ("\u{a0}42\u{2003}", "42", 1),
    ("4 2", "42", 0), ("42.", "42", 0), ("", "42", 0),
    ("Paris", "paris", 0), ("red  fox", "red fox", 0),
    // The same character to the eye, other scalars.
    ("\u{e9}", "e\u{301}", 0), ("e\u{301}", "e\u{301}", 1),
  ])
  func comparesScalarsAfterTrimming(text: String, answer: String, score: Double) throws {
    #expect(try ExactMatch().score(text, answer: answer) == score)
  }

  @Test(arguments: ["", " \n", "\u{a0}"])
  func nothingIsTheRightAnswerWhereTheAnswerIsEmpty(answer: String) throws {
    #expect(throws: ScoreFailure("the answer is empty")) {
      try ExactMatch().score("", answer: answer)
    }
  }

  @Test(arguments: [
    ("Paris", "pARIS", 1.0), ("É", "é", 1), ("Paris", "Pari", 0), ("É", "e\u{301}", 0),
    // One text to those who write in capitals.
    ("ΟΔΟΣ", "οδος", 1), ("οδος", "οδοσ", 1), ("STRASSE", "straße", 1), ("STRAẞE", "strasse", 1),
    ("\u{17F}", "s", 1), ("\u{212A}", "k", 1), ("ǅ", "ǆ", 1), ("ﬁn", "FIN", 1), ("ᾳ", "ΑΙ", 1),
    // Other letters.
    ("İstanbul", "istanbul", 0), ("ı", "i", 0), ("ı", "I", 0), ("İ", "i\u{307}", 1),
  ])
  func canIgnoreCase(text: String, answer: String, score: Double) throws {
    let reward = try BuiltInReward.named("exact_match", options: ["ignore_case": true])
    #expect(try reward.score(text, answer: answer) == score)
  }

  @Test(arguments: [
    ("<think>5?</think><answer> 4 </answer>", 1.0), ("<answer>4", 0), ("4", 0),
    ("<answer>5</answer><answer>4</answer> so", 1), ("<answer>4</answer><answer>5</answer>", 0),
    ("<answer>5<answer>4</answer>", 1), ("<answer>4</answer></answer>", 0),
    ("<answer>4</answer><answer>", 1), ("</answer>4<answer>", 0),
  ])
  func canTakeTheLastAnswerTag(text: String, score: Double) throws {
    let reward = try BuiltInReward.named("exact_match", options: ["extract": "answer_tag"])
    #expect(try reward.score(text, answer: "4") == score)
  }
}

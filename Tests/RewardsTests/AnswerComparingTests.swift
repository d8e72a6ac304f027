import Formats
import Rewards
import Testing

@Suite struct AnswerComparingTests {
  /// The rewards that compare an answer, with options, and an answer that each of them can read.
  private static let comparing: [(name: String, options: JSONObject)] = [
    ("exact_match", [:]), ("exact_match", ["ignore_case": true]),
    ("exact_match", ["extract": "answer_tag"]), ("numeric_match", [:]),
    ("numeric_match", ["extract": "last_number"]), ("numeric_match", ["extract": "answer_tag"]),
    ("gsm8k", [:]), ("gsm8k", ["style": "verl", "format_score": 0.1]),
    ("countdown", ["format_score": 0.1]), ("step_match", [:]),
  ]

  private static let texts = [
    "5", " 5.0\n", "$5", "5,000", "5000", "five", "FIVE", "", "v2", "5 or 6", "so 5kg", "<answer>5",
    "<answer>5</answer>", "x <answer> 5.00 </answer>", "<answer>Five</answer>", "#### 5", "#### 5.",
    "so #### 5", "#### $5 each", "2+3", "3+2", "3 + 2", "2*3", "2-2", "2+3,5", "2+3, 5", "2+3,5,9",
  ]

  private func completion(_ text: String) -> Completion {
    var completion = Completion.of(text, answer: "5")
    completion.columns = ["numbers": [2, 3], "target": 5, "steps": "2+3, 5"]
    return completion
  }

  private func answer(_ text: String, _ name: String, _ options: JSONObject) throws -> String? {
    let reward = try BuiltInReward.named(name, options: options)
    return try #require(reward as? any AnswerComparing).answer(of: completion(text))?.canonical
  }

  /// So it does not matter which of the samples of the winning answer is looked at.
  @Test func completionsWithOneAnswerHaveOneScore() throws {
    for (name, options) in Self.comparing {
      let reward = try BuiltInReward.named(name, options: options)
      var scores: [String: Double?] = [:]
      for text in Self.texts {
        guard let answer = try answer(text, name, options) else {
          #expect(try reward.score(completion(text)) == 0, "\(name) of \(text)")
          continue
        }
        let score = try reward.score(completion(text))
        #expect(scores[answer, default: score] == score, "\(name) of \(text)")
        scores[answer] = score
      }
      #expect(scores.values.contains(1), "\(name) \(options)")
    }
  }

  @Test(
    arguments: [
      ("numeric_match", [:], ["5", "5.0", "$5", "5e0", "**5**", "10/2", "5 kg"]),
      (
        "numeric_match", ["extract": "last_number"],
        ["5,000 apples", "2500*2=5000", "so $5000.00."]
      ),
      (
        "gsm8k", [:],
        ["2+3=5\n#### 5", "3+2 is 5, so #### 5.0", "#### $5", "#### The answer is 5."]
      ),
      ("gsm8k", ["style": "verl"], ["a #### 5,000", "b #### 5000 apples"]),
      ("exact_match", [:], ["five", " five\n"]),
      ("exact_match", ["ignore_case": true], ["Five", "FIVE"]),
      (
        "exact_match", ["extract": "answer_tag"],
        ["so <answer>5</answer>", "<answer> 5 </answer>!"]
      ),
      ("countdown", [:], ["2+3", "3 + 2", "(2)+3"]),
      ("step_match", [:], ["2+3,5", " 2+3 , 5 ", "2+3,5,9"]),
    ] as [(String, JSONObject, [String])])
  func workingsAndSpellingDoNotDivideAVote(name: String, options: JSONObject, texts: [String])
    throws
  {
    let answers = try texts.map { try #require(try answer($0, name, options)) }
    #expect(Set(answers).count == 1, "\(answers)")
  }

  @Test(
    arguments: [
      ("numeric_match", [:], "five"), ("numeric_match", ["extract": "last_number"], "x2"),
      ("gsm8k", [:], "5"), ("gsm8k", ["style": "verl"], "####5"),
      ("exact_match", ["extract": "answer_tag"], "5"), ("countdown", [:], "2*3*3"),
      ("step_match", [:], ""),
    ] as [(String, JSONObject, String)])
  func aCompletionWithoutAnAnswerHasNoVote(name: String, options: JSONObject, text: String) throws {
    #expect(try answer(text, name, options) == nil)
  }

  @Test func anAnswerIsShownAsItIsWritten() throws {
    let reward = NumericMatch(extraction: .lastNumber)
    #expect(reward.answer(of: .of("so $5,000.00 in all"))?.text == "$5,000.00")
  }

  @Test func formatsAndLengthsCompareNoAnswer() throws {
    let options: [String: JSONObject] = [
      "regex": ["pattern": "5"], "length_band": ["max": 9],
      "soft_overlong": ["max_length": 9, "buffer": 1],
    ]
    let others = BuiltInReward.names.filter { name in
      !Self.comparing.contains { $0.name == name }
    }
    #expect(
      others == [
        "contains", "regex", "think_answer_format", "length_band", "repetition_penalty",
        "soft_overlong",
      ])
    for name in others {
      #expect(
        !(try BuiltInReward.named(name, options: options[name] ?? [:]) is any AnswerComparing))
    }
  }
}

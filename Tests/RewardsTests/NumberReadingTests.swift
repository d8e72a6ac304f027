import Formats
import Rewards
import TestSupport
import Testing

/// All that reads numbers from texts, on texts that nobody wrote.
@Suite struct NumberReadingTests {
  private static let parts = [
    "#### ", "####", "=", " = ", "**", "$", "\\$", "€", ".", ",", "/", "\\frac{", "\\frac", "{",
    "}",
    "^", "^{", "_", "(", ")", "[", "]", "<", ">", "!", "-", "- ", "\u{2212}", "+", " ", "\n",
    "\r\n",
    "0", "1", "2", "3", "18", "000", "1,234", "9999999999999999999", "minus ", "negative ", "x",
    "e",
    "E-3", "m", "m2", "kg/", "cm", "of", " or ", "not ", "half of ", "million", "is ", "answer ",
    "\\sqrt", "\\text{", "\\times", "\\", "×10", "½", "²", "⁻", "√", "π", "°", "٣", "五", "é",
    "\u{301}",
    "\u{200B}", "\u{FEFF}", "\u{1F600}", "\0", "<answer>", "</answer>", "12:30", "2024-05-06", "%",
    "'", "…", "—", "#", ":", ";", "?",
  ]

  /// What is wrong with a text is no number; it is no reason to end the program.
  @Test func everyReadingTakesEveryText() throws {
    let rewards = try
      ([
        ("gsm8k", [:]), ("gsm8k", ["style": "verl"]),
        ("numeric_match", ["tolerance": 0.1]),
        ("numeric_match", ["extract": "answer_tag", "tolerance": 1e-300]),
        ("numeric_match", ["extract": "last_number", "tolerance": 1e300]),
        ("step_match", [:]), ("countdown", [:]), ("exact_match", ["ignore_case": true]),
        ("contains", ["ignore_case": true]),
      ] as [(String, JSONObject)]).map { try BuiltInReward.named($0, options: $1) }
    var random = SplitMix64(seed: 18)
    for _ in 0..<1000 {
      let texts = (0..<2).map { _ in
        (0..<Int.random(in: 1...9, using: &random))
          .map { _ in Self.parts.randomElement(using: &random) ?? "" }.joined()
      }
      for text in texts + ["#### " + texts[0], "<answer>\(texts[0])</answer>"] {
        var completion = Completion.of(text, answer: texts[1])
        completion.columns = [
          "steps": .string(texts[1]), "numbers": .string(texts[1]), "target": .string(texts[1]),
        ]
        for reward in rewards {
          // An answer that is no number is a failed score.
          _ = try? reward.score(completion)
          _ = (reward as? any AnswerComparing)?.answer(of: completion)
        }
      }
    }
  }
}

import Formats
import Rewards
import Testing

@Suite struct ThinkAnswerFormatTests {
  // What Python's re.match(r"^<think>(?!.*<think>)(.*?)</think>.*$", text, DOTALL | MULTILINE)
  // says of each.
  @Test(arguments: [
    ("<think>a</think>b", 1.0), ("<think>\na\n</think>\nb\n", 1), ("<think></think>", 1),
    ("<think>a</think>b</think>", 1), (" <think>a</think>", 0), ("a<think>b</think>", 0),
    ("<think>a", 0), ("<think>a<think>b</think>", 0), ("<think>a</think><think>", 0),
    ("<THINK>a</THINK>", 0), ("</think><think>", 0), ("", 0), ("<think>", 0),
  ])
  func thinkIsTRLsFormat(text: String, score: Double) throws {
    #expect(try ThinkAnswerFormat().score(text, answer: nil) == score)
  }

  @Test(arguments: [
    ("<think>a</think><answer>b</answer>", 1.0), ("<think>a</think>\n<answer>b</answer>\n", 1),
    ("<think></think><answer></answer>", 1), (" <think>a</think><answer>b</answer>", 0),
    ("<think>a</think>x<answer>b</answer>", 0), ("<think>a</think><answer>b</answer>x", 0),
    ("<think>a</think><answer>b", 0), ("<think>a</think>b", 0), ("<answer>b</answer>", 0),
    ("<think>a<answer>b</answer></think>", 0), ("<answer>b</answer><think>a</think>", 0),
    ("<think>a</think><answer>b</answer><answer>c</answer>", 0),
    ("<think>a</think></think><answer>b</answer>", 0), ("", 0),
  ])
  func thinkAnswerWantsEveryTagOnce(text: String, score: Double) throws {
    let reward = try BuiltInReward.named(
      "think_answer_format", options: ["format": "think_answer"])
    #expect(try reward.score(text, answer: nil) == score)
  }
}

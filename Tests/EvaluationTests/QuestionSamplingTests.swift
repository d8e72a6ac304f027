import Datasets
import Evaluation
import Formats
import Kernels
import LanguageModel
import Rewards
import Sampling
import Testing
import Tokenization

@Suite struct QuestionSamplingTests {
  private func questions(_ rows: String) throws -> QuestionSet {
    try QuestionSet(bytes: Array(rows.utf8), file: "rows.jsonl", columns: .init(), template: nil)
  }

  @Test func aPromptThatDoesNotFitNamesItsLine() throws {
    let long = String(repeating: "9+", count: 40)
    let set = try questions(
      "{\"question\": \"1+1\"}\n\n{\"question\": \"\(long)\", \"answer\": \"1\"}\n")
    let error = #expect(throws: PromptError.self) { try SmallPolicy().sampler.encode(set) }
    #expect(
      error?.description == "rows.jsonl:3: prompt: is too long (got 81 tokens; need at most 23, "
        + "with a context of 24)")
  }

  @Test func rewardsGetTheRowTheTextAndWhatWasDrawn() throws {
    let set = try questions(
      """
      {"question": "1+1", "answer": "2", "level": 3}
      {"question": "2+2", "answer": ["4", "four"]}
      """)
    let small = try SmallPolicy(stop: ["3"])
    let (sampler, policy) = (small.sampler, small.policy)
    let prompts = try sampler.encode(set)
    let requests = zip(set.questions, prompts).map {
      Sampler.Request(prompt: $1, row: $0.index)
    }
    let (drawn, completions) = try sampler.sample(
      policy.parameters, set.questions, requests, completions: 20,
      draws: Draws(key: RandomKey(seed: 1, purpose: .sampling), step: 0))
    for (index, question) in set.questions.enumerated() {
      for (sample, completion) in zip(drawn.completions[index], completions[index]) {
        #expect(completion.prompt == question.prompt && completion.label == question.label)
        #expect(completion.columns == question.columns)
        #expect(completion.tokenIDs == sample.tokens)
        #expect(completion.finishReason == (sample.stopped ? .stop : .length))
        #expect(try completion.text == sampler.text(of: sample.tokens))
        let ends = try #require(try completion.tokenEnds?())
        #expect(ends.count == sample.tokens.count && ends.last == completion.text.utf8.count)
      }
    }
    #expect(Set(completions.joined().map(\.finishReason)) == [.stop, .length])
  }
}

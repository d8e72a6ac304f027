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
  private func sampler(_ stop: [String] = []) throws -> (TextSampler, Policy) {
    let tokenizer = try SentencePieceTokenizer(
      bytes: SentencePieceTokenizer.train(
        sentences: (0..<50).map { "\($0)+\($0)=\(2 * $0)" }, options: .init(vocabularySize: 280)),
      name: "tokenizer.model")
    let configuration = ModelConfiguration(
      vocabularySize: tokenizer.vocabularySize, hiddenSize: 16, layers: 1, attentionHeads: 2,
      keyValueHeads: 1, intermediateSize: 24, maximumPositions: 24, initializerRange: 0.3)
    let policy = try Policy(Model(configuration, seed: 1), tokenizer)
    let options = SamplingOptions(maximumTokens: 6, eosIDs: [2])
    return (TextSampler(policy, options: options, stop: stop), policy)
  }

  private func questions(_ rows: String) throws -> QuestionSet {
    try QuestionSet(bytes: Array(rows.utf8), file: "rows.jsonl", columns: .init(), template: nil)
  }

  @Test func aPromptThatDoesNotFitNamesItsLine() throws {
    let long = String(repeating: "9+", count: 40)
    let set = try questions(
      "{\"question\": \"1+1\"}\n\n{\"question\": \"\(long)\", \"answer\": \"1\"}\n")
    let error = #expect(throws: PromptError.self) { try sampler().0.encode(set) }
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
    let (sampler, policy) = try sampler(["3"])
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

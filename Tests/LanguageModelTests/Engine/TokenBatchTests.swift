import LanguageModel
import Testing

@Suite struct TokenBatchTests {
  @Test func tokensOfAllCompletionsAreCounted() {
    #expect(TinyPolicy.batch([[5, 4, 1, 0], [1, 2]]).tokenCount == 7)
    #expect(TokenBatch([]).tokenCount == 0)
  }

  /// Numbers come in the order question, completion, position: one row predicts all first tokens.
  @Test func logProbsComeInTheCanonicalOrder() {
    let p = TinyPolicy.parameters(TinyPolicy.configuration(tied: false))
    let engine = TinyPolicy.engine(p.configuration)
    let batch = TinyPolicy.batch([[2, 3, 0, 1, 2], [4, 2, 2]])
    let found = engine.forward(p, batch, temperature: 1, keep: false).logProbs
    var expected: [Float] = []
    for question in batch.questions {
      for completion in question.completions {
        for t in completion.tokens.indices {
          let single = TokenBatch([
            .init(
              prompt: question.prompt + completion.tokens[..<t],
              completions: [.init(tokens: [completion.tokens[t]])])
          ])
          expected += engine.forward(p, single, temperature: 1, keep: false).logProbs
        }
      }
    }
    #expect(found.count == 10)
    for (a, b) in zip(found, expected) { #expect(a.bitPattern == b.bitPattern) }
  }
}

public import Datasets
package import LanguageModel
package import Rewards
public import Sampling
internal import Tokenization

extension TextSampler {
  /// The ids of all prompts.
  ///
  /// Shape: [questions][ids of the prompt].
  ///
  /// - Throws: `PromptError` for a prompt that is empty or leaves no room for a completion.
  public func encode(_ set: QuestionSet) throws(PromptError) -> [[Int]] {
    var prompts: [[Int]] = []
    for question in set.questions {
      do throws(PromptError) {
        prompts.append(try encode(question.prompt))
      } catch {
        var error = error
        error.place = (set.file, question.line)
        throw error
      }
    }
    return prompts
  }

  /// `count` completions of each question, as they were drawn and as rewards get them.
  ///
  /// - Parameters:
  ///   - requests: The questions' encoded prompts and keys, in the same order.
  ///   - keep: Keeps what a backward pass needs, if it fits the engine's budget.
  package func sample(
    _ p: Parameters, _ questions: [Question], _ requests: [Sampler.Request],
    completions count: Int, draws: Draws, keep: Bool = false
  ) throws -> (drawn: Sampler.Result, completions: [[Completion]]) {
    precondition(questions.count == requests.count)
    let (drawn, texts) = try sample(
      p, requests, completions: count, draws: draws, keep: keep)
    let completions = questions.indices.map { i in
      zip(texts[i], drawn.completions[i]).map { completion($0, $1, of: questions[i]) }
    }
    return (drawn, completions)
  }

  private func completion(
    _ text: String, _ drawn: SampledCompletion, of question: Question
  ) -> Completion {
    var completion = Completion(
      prompt: question.prompt, text: text, tokenIDs: drawn.tokens,
      finishReason: drawn.stopped ? .stop : .length,
      tokenEnds: { [tokenizer] in try tokenizer.tokenEnds(drawn.tokens, in: text) },
      columns: question.columns)
    completion.label = question.label
    return completion
  }
}

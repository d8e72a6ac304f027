internal import LanguageModel
public import Recipes
public import Rewards
internal import Sampling
internal import Tokenization

/// Scores completions with a trained reward model.
public actor LearnedReward: RewardFunction {
  /// The name in logs and messages.
  public nonisolated let name: String
  private let model: RewardModel
  private let engine: Engine
  private let encoding: SequenceEncoding
  private let style: Recipe.Judge.Style
  private let appendsEOS: Bool

  /// Reads a reward model and its tokenizer.
  ///
  /// - Parameters:
  ///   - directory: a Hugging Face directory of a `LlamaForSequenceClassification` with its
  ///     `tokenizer.model`.
  ///   - name: default: the directory's name.
  ///   - appendsEOS: whether the end of sequence is put after a completion that ended by itself;
  ///     ignored by the style `trl`, which puts none.
  ///   - threads: how many threads compute; results do not depend on it.
  /// - Throws: `FormatError` or `PolicyError`.
  public init(
    directory: String, name: String? = nil, style: Recipe.Judge.Style = .grpo,
    appendsEOS: Bool = true,
    threads: Int = 1
  ) throws {
    model = try RewardModel(directory: directory)
    let tokenizer = try SentencePieceTokenizer(path: directory + "/tokenizer.model")
    try PolicyError.check(tokenizer, fits: model.configuration)
    self.name = name ?? String(directory.split(separator: "/").last ?? "model")
    (self.style, self.appendsEOS) = (style, appendsEOS)
    engine = Engine(model.configuration, threads: threads, activationBytes: 256 << 20)
    encoding = SequenceEncoding(tokenizer, for: model.configuration.ending(as: tokenizer))
  }

  /// Settings of the model's files that are ignored, one line each.
  public nonisolated var warnings: [String] { model.configuration.warnings }

  /// The model's output for each completion; a sequence that is too long, or a number that is not
  /// finite, is a failed score.
  public func score(_ request: RewardRequest) async throws -> RewardResponse {
    RewardResponse(scores: model.scores(request.completions.map(sequence), engine: engine))
  }

  private func sequence(_ completion: Completion) -> (prompt: [Int], completion: [Int]) {
    switch style {
    case .grpo:
      let ends = appendsEOS && completion.finishReason == .stop
      return (
        encoding.prompt(completion.prompt), encoding.completion(completion.text, ends: ends)
      )
    case .trl:
      let ids = encoding.completion(completion.prompt + completion.text, ends: false)
      return (Array(ids.prefix(1)), Array(ids.dropFirst()))
    }
  }
}

extension RewardModel {
  /// The score of each sequence; one that is empty, too long or gets no finite number has failed.
  func scores(
    _ sequences: [(prompt: [Int], completion: [Int])], engine: Engine
  ) -> [Score] {
    let longest = configuration.maximumPositions
    let fitting = sequences.indices.filter {
      !sequences[$0].prompt.isEmpty
        && sequences[$0].prompt.count + sequences[$0].completion.count <= longest
    }
    // Completions of one prompt stand next to each other and share its rows.
    var questions: [TokenBatch.Question] = []
    for index in fitting {
      let (prompt, completion) = sequences[index]
      if questions.last?.prompt != prompt {
        questions.append(TokenBatch.Question(prompt: prompt, completions: []))
      }
      questions[questions.count - 1].completions.append(.init(tokens: completion))
    }
    var scores = sequences.map { sequence in
      sequence.prompt.isEmpty
        ? Score.failed("there is nothing for the reward model to read")
        : Score.failed(
          "\(sequence.prompt.count + sequence.completion.count) tokens are too long for the reward "
            + "model (need at most \(longest))")
    }
    for (index, reward) in zip(fitting, rewards(questions, engine: engine)) {
      scores[index] =
        reward.isFinite ? .value(reward) : .failed("the reward model gave \(reward)")
    }
    return scores
  }
}

internal import Formats
internal import Kernels
internal import LanguageModel
public import Rewards
internal import Tokenization

/// What a trained reward model says of a completion.
///
/// The model reads prompt and completion as its own tokenizer encodes them, with the end of sequence
/// behind a completion that has ended.
public actor LearnedReward: RewardFunction {
  public nonisolated let name: String
  private let model: RewardModel
  private let engine: Engine
  private let encoding: SequenceEncoding

  /// - Parameters:
  ///   - directory: a Hugging Face directory of a `LlamaForSequenceClassification` with its
  ///     `tokenizer.model`.
  ///   - name: by default the directory's name.
  /// - Throws: `FormatError` or `TokenizerError`.
  public init(directory: String, name: String? = nil, threads: Int = 1) throws {
    model = try RewardModel(directory: directory)
    let tokenizer = try SentencePieceTokenizer(path: directory + "/tokenizer.model")
    guard tokenizer.vocabularySize == model.configuration.vocabularySize else {
      throw FormatError(
        file: directory,
        message: "its tokenizer has \(tokenizer.vocabularySize) pieces; need "
          + "\(model.configuration.vocabularySize), the model's vocabulary")
    }
    self.name = name ?? String(directory.split(separator: "/").last ?? "model")
    engine = Engine(
      model.configuration, workers: Workers(count: threads), activationBytes: 256 << 20)
    encoding = SequenceEncoding(tokenizer, longest: model.configuration.maximumPositions)
  }

  public func score(_ request: RewardRequest) async throws -> RewardResponse {
    let sequences = request.completions.map { completion in
      (
        prompt: encoding.prompt(completion.prompt),
        completion: encoding.completion(completion.text, ends: completion.finishReason == .stop)
      )
    }
    return RewardResponse(scores: model.scores(sequences, engine: engine))
  }
}

extension RewardModel {
  /// The score of each sequence; one that is too long or gets no finite number has failed.
  func scores(
    _ sequences: [(prompt: [Int], completion: [Int])], engine: Engine
  ) -> [Score] {
    let longest = configuration.maximumPositions
    let fitting = sequences.indices.filter {
      sequences[$0].prompt.count + sequences[$0].completion.count <= longest
    }
    // Completions of one prompt stand next to each other and share its rows.
    var questions: [TokenBatch.Question] = []
    for place in fitting {
      let (prompt, completion) = sequences[place]
      if questions.last?.prompt != prompt {
        questions.append(TokenBatch.Question(prompt: prompt, completions: []))
      }
      questions[questions.count - 1].completions.append(.init(tokens: completion))
    }
    var scores = sequences.map { sequence in
      Score.failed(
        "\(sequence.prompt.count + sequence.completion.count) tokens are too long for the reward "
          + "model (need at most \(longest))")
    }
    for (place, reward) in zip(fitting, rewards(questions, engine: engine)) {
      scores[place] =
        reward.isFinite ? .value(reward) : .failed("the reward model gave \(reward)")
    }
    return scores
  }
}

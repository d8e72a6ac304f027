import Datasets
import Formats
import Foundation
import Kernels
import LanguageModel
import Recipes
import Rewards
import Sampling
import TestSupport
import Testing
import Tokenization
import Training

@Suite(.inTurn) struct LearnedRewardTests {
  /// A reward model with a random head in a directory of its own, removed with this.
  private final class Folder {
    let path = NSTemporaryDirectory() + "judge-" + UUID().uuidString
    let tokenizer: SentencePieceTokenizer
    let model: RewardModel

    init(padding: Int? = nil, dummyPrefix: Bool = false, eos: [Int] = [2]) throws {
      var pieces = try SentencePieceModel(
        parsing: SentencePieceTokenizer.train(
          sentences: (0..<50).map { "\($0)+\($0)=\(2 * $0)" }, options: .init(vocabularySize: 280)),
        file: "tokenizer.model")
      pieces.normalizer.addsDummyPrefix = dummyPrefix
      tokenizer = try SentencePieceTokenizer(bytes: pieces.serialized(), name: "tokenizer.model")
      // More rows than pieces, as matrices are padded.
      let configuration = ModelConfiguration(
        vocabularySize: tokenizer.vocabularySize + 5, hiddenSize: 16, layers: 1,
        attentionHeads: 2, keyValueHeads: 1, intermediateSize: 24, maximumPositions: 24,
        initializerRange: 0.3, eosTokenIDs: eos)
      model = RewardModel(
        from: Model(configuration: configuration, parameters: Parameters(configuration, seed: 1)))
      model.head.set((0..<16).map { Float($0 % 5) - 2 })
      try Files.writeDirectory(
        model.files(padding: padding) + tokenizer.huggingFaceFiles(for: configuration), to: path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The value at the last of these ids.
    func reward(_ ids: [Int]) -> Score {
      let engine = Engine(
        model.configuration, workers: Workers(count: 1), activationBytes: 1 << 24)
      let rewards = model.rewards(
        [.init(prompt: [ids[0]], completions: [.init(tokens: Array(ids.dropFirst()))])],
        engine: engine)
      return .value(rewards[0])
    }

    func scores(
      _ style: Recipe.Judge.Style, appendsEOS: Bool = true, _ completions: [Completion]
    ) async throws -> [Score] {
      let reward = try LearnedReward(directory: path, style: style, appendsEOS: appendsEOS)
      return try await reward.score(RewardRequest(step: 0, completions: completions)).scores
    }
  }

  private func completion(_ prompt: String, _ text: String, ended: Bool = true) -> Completion {
    Completion(prompt: prompt, text: text, tokenIDs: [], finishReason: ended ? .stop : .length)
  }

  @Test(arguments: [false, true]) func itReadsWhatTheStyleSays(dummyPrefix: Bool) async throws {
    let folder = try Folder(dummyPrefix: dummyPrefix)
    let encode = folder.tokenizer.encode
    let apart = [1] + encode("3+4=") + encode("7")
    let completions = [completion("3+4=", "7"), completion("3+4=", "7", ended: false)]
    #expect(
      try await folder.scores(.grpo, completions)
        == [folder.reward(apart + [2]), folder.reward(apart)])
    #expect(
      try await folder.scores(.grpo, appendsEOS: false, completions)
        == [folder.reward(apart), folder.reward(apart)])
    // What TRL's GRPOTrainer gives its reward models: one text, no special tokens.
    let joined = folder.reward(encode("3+4=7"))
    #expect(try await folder.scores(.trl, completions) == [joined, joined])
    #expect(try await folder.scores(.grpo, completions)[0] != joined)
  }

  /// The end is the model's, which need not be the tokenizer's.
  @Test func theEndIsWhatTheModelIsWrittenFor() async throws {
    let folder = try Folder(eos: [9, 2])
    let apart = [1] + folder.tokenizer.encode("3+4=") + folder.tokenizer.encode("7")
    #expect(
      try await folder.scores(.grpo, [completion("3+4=", "7")]) == [folder.reward(apart + [9])])
    #expect(folder.reward(apart + [9]) != folder.reward(apart + [2]))
    let settings = try Files.read(folder.path + "/tokenizer_config.json", maximumBytes: 1 << 16)
    #expect(
      try JSON(parsing: settings, file: "")["eos_token"]?.string == folder.tokenizer.piece(of: 9))

    // What is trained on comparisons is trained on that end, too.
    let rows = try DataFile.rows(
      Array(#"{"prompt": "3+4=", "chosen": "7", "rejected": "8"}"#.utf8), file: "pairs.jsonl")
    let pairs = try PreferencePair.read(
      rows, SequenceEncoding(folder.tokenizer, for: folder.model.configuration))
    #expect(pairs[0].chosen == folder.tokenizer.encode("7") + [9])
    #expect(pairs[0].rejected == folder.tokenizer.encode("8") + [9])
  }

  @Test func nothingToReadIsAFailedScore() async throws {
    let scores = try await Folder().scores(.trl, [completion("", ""), completion("", "5")])
    #expect(scores[0] == .failed("there is nothing for the reward model to read"))
    #expect(scores[1].total?.isFinite == true)
  }

  /// transformers reads a reward at the last token that is not padding.
  @Test func aModelThatPadsWithItsEndNeverReadsIt() async throws {
    let folder = try Folder(padding: 2)
    let ids = [1] + folder.tokenizer.encode("3+4=") + folder.tokenizer.encode("7")
    #expect(
      try await folder.scores(.grpo, [completion("3+4=", "7")]) == [folder.reward(ids)])
    let other = try Folder(padding: 0)
    #expect(
      try await other.scores(.grpo, [completion("3+4=", "7")]) == [other.reward(ids + [2])])
  }
}

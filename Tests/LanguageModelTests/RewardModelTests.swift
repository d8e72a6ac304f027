import Formats
import Foundation
import Kernels
import LanguageModel
import TestSupport
import Testing

@Suite struct RewardModelTests {
  private func model(tied: Bool) -> RewardModel {
    let configuration = TinyPolicy.configuration(tied: tied)
    let model = RewardModel(
      from: Model(
        configuration: configuration, parameters: TinyPolicy.parameters(configuration)))
    var rng = SplitMix64(seed: 4)
    model.head.set(.uniform(36, using: &rng))
    return model
  }

  private let questions = TinyPolicy.batch([[3, 4, 0, 2], [1, 5]]).questions

  /// A reward is the value at the row of the last token: that of the state before a further one.
  @Test(arguments: [false, true]) func rewardsAreReadAtTheLastToken(tied: Bool) {
    let model = model(tied: tied)
    let engine = TinyPolicy.engine(model.configuration)
    let rewards = model.rewards(questions, engine: engine)
    let reference = ReferenceModel(
      model.configuration, flat: model.parameters.flat.doubles)
    var expected: [Double] = []
    for question in questions {
      for completion in question.completions {
        let longer = TokenBatch([
          .init(prompt: question.prompt, completions: [.init(tokens: completion.tokens + [5])])
        ])
        expected.append(reference.values(longer, weight: model.head.values.doubles).last ?? 0)
      }
    }
    #expect(rewards.count == 4 && expected.count == 4)
    for (reward, expected) in zip(rewards, expected) { #expect(abs(reward - expected) < 3e-5) }
  }

  @Test func aRewardDependsOnItsOwnTokensOnly() {
    let model = model(tied: true)
    let engine = TinyPolicy.engine(model.configuration)
    let together = model.rewards(questions, engine: engine)
    var alone: [Double] = []
    for question in questions {
      for completion in question.completions {
        alone += model.rewards(
          [.init(prompt: question.prompt, completions: [completion])],
          engine: TinyPolicy.engine(model.configuration, workers: 3))
      }
    }
    #expect(together == alone)
  }

  @Test func withoutTrainingEverythingIsWorthNothing() {
    let configuration = TinyPolicy.configuration(tied: false)
    let model = RewardModel(from: Model(configuration, seed: 1))
    let rewards = model.rewards(questions, engine: TinyPolicy.engine(configuration))
    #expect(rewards == [0, 0, 0, 0])
  }

  // MARK: On disk

  private func folder(_ files: [(name: String, bytes: [UInt8])]) throws -> String {
    let path = NSTemporaryDirectory() + "reward-model-" + UUID().uuidString
    try Files.createDirectory(path)
    for file in files { try Files.writeAtomically(file.bytes, to: "\(path)/\(file.name)") }
    return path
  }

  @Test(arguments: [false, true]) func whatIsWrittenIsReadBack(tied: Bool) throws {
    let model = model(tied: tied)
    let path = try folder(model.files())
    defer { try? Files.remove(path) }
    let read = try RewardModel(directory: path)
    #expect(read.parameters.flat == model.parameters.flat)
    #expect(read.head.values == model.head.values)
    let config = try JSON(
      parsing: Files.read(path + "/config.json", maximumBytes: 1 << 20), file: "config.json")
    #expect(config["architectures"] == ["LlamaForSequenceClassification"])
    #expect(config["id2label"]?.object?.keys == ["0"])
    let weights = try Safetensors(
      bytes: Files.read(path + "/model.safetensors", maximumBytes: 1 << 24), file: "weights")
    #expect(weights.tensor(named: "score.weight")?.shape == [1, 36])
    #expect(weights.tensor(named: "lm_head.weight") == nil)
  }

  @Test func aLanguageModelIsRefused() throws {
    let configuration = TinyPolicy.configuration(tied: true)
    let path = try folder(ModelDirectory.files(of: Model(configuration, seed: 1)))
    defer { try? Files.remove(path) }
    #expect {
      _ = try RewardModel(directory: path)
    } throws: {
      String(describing: $0).hasSuffix(
        "architectures: got [\"LlamaForCausalLM\"]; need [\"LlamaForSequenceClassification\"]")
    }
  }

  @Test func aLanguageModelIsNotReadFromARewardModel() throws {
    let path = try folder(model(tied: true).files())
    defer { try? Files.remove(path) }
    #expect {
      _ = try ModelDirectory.load(path)
    } throws: {
      String(describing: $0).contains("config.json: architectures: is a reward model (need a ")
    }
  }

  @Test func aModelWithoutItsHeadIsRefused() throws {
    let model = model(tied: true)
    var files = try model.files()
    files[1].bytes = try Model(model.configuration, seed: 1).encodedWeights()
    let path = try folder(files)
    defer { try? Files.remove(path) }
    #expect {
      _ = try RewardModel(directory: path)
    } throws: {
      String(describing: $0).hasSuffix("missing tensor score.weight")
    }
  }
}

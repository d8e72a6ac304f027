import Foundation
import Kernels
import LanguageModel
import Testing
import Training

@Suite struct MemoryNeedTests {
  private let configuration = ModelConfiguration(
    vocabularySize: 96, hiddenSize: 32, layers: 2, attentionHeads: 4, keyValueHeads: 2,
    intermediateSize: 64, maximumPositions: 64)

  /// 20,896 numbers, vectors padded to 16: 96·32 + 2·(2·32·32 + 2·16·32 + 3·32·64 + 2·32) + 32.
  private let parameters = 4.0 * 21_664

  private func recipe(_ settings: String...) throws -> Recipe {
    let small = try SmallRecipe()
    defer { small.remove() }
    return try Recipe(
      contentsOf: small.directory + "/recipe.yaml",
      overrides: settings.compactMap { RecipeOverride(assignment: $0) })
  }

  @Test func copiesOfThePolicyAndOneQuestionsRowsAreCounted() throws {
    #expect(4 * ParameterLayout(configuration).count == Int(parameters))
    // One completion more takes as many rows more as it may have tokens: 4.
    let row = Double(Activations.bytesPerRow(configuration, .keysAndValues))
    let plain = MemoryNeed(try recipe(), configuration).bytes
    #expect(plain == 5 * parameters + (2 + 4 * 4) * row)
    let more = MemoryNeed(try recipe("train.num_generations=9"), configuration).bytes
    #expect(more == plain + 5 * 4 * row)
    let learned = MemoryNeed(
      try recipe("reward_model={ labeller: exact_match }"), configuration
    ).bytes
    #expect(learned == plain + 4 * parameters)
    #expect(MemoryNeed(try recipe("train=null"), configuration).bytes == 5 * parameters)
  }

  @Test func lessThanIsNeededIsRefusedInNumbers() throws {
    let need = MemoryNeed(try recipe(), configuration)
    #expect(throws: Never.self) { try need.check(available: Int(need.bytes)) }
    #expect(throws: Never.self) { try need.check(available: nil) }
    var error = #expect(throws: TrainingError.self) {
      try need.check(available: Int(need.bytes) - 1)
    }
    #expect(
      error?.description
        == "model: is too large (needs 0.0 GiB of memory at least; this machine has 0.0 GiB)")
    // Sizes that no machine has go beyond whole numbers of bytes, and stay numbers.
    var huge = configuration
    (huge.vocabularySize, huge.hiddenSize, huge.intermediateSize) = (1 << 20, 65_536, 1 << 20)
    (huge.layers, huge.attentionHeads, huge.keyValueHeads) = (1024, 512, 512)
    error = #expect(throws: TrainingError.self) {
      try MemoryNeed(try recipe("train.num_generations=4096"), huge).check(available: 1 << 40)
    }
    #expect(error?.description.hasSuffix("this machine has 1024.0 GiB)") == true)
  }

  @Test func thisMachineHasSomeMemory() throws {
    let available = try #require(MachineMemory.available)
    #expect(available > 1 << 20)
  }
}

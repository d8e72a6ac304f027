import Foundation
import Kernels
import LanguageModel
import Recipes
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

  /// What a policy adds to completions: its copies, and the rows that are drawn.
  private func policyBytes(_ settings: String...) throws -> Double {
    let small = try SmallRecipe()
    defer { small.remove() }
    let recipe = try Recipe(
      contentsOf: small.directory + "/recipe.yaml",
      overrides: settings.compactMap { RecipeOverride(assignment: $0) })
    return MemoryNeed(recipe, configuration).bytes - MemoryNeed(recipe, nil).bytes
  }

  @Test func copiesOfThePolicyAndRowsWithinTheBudgetAreCounted() throws {
    #expect(4 * ParameterLayout(configuration).count == Int(parameters))
    let row = Double(Activations.bytesPerRow(configuration, .keysAndValues))
    // Five questions, each BOS, a token and four completions of four tokens.
    #expect(try policyBytes() == 5 * parameters + 5 * (2 + 4 * 4) * row)
    #expect(
      try policyBytes("train.num_generations=9") == 5 * parameters + 5 * (2 + 9 * 4) * row)
    // Without a budget those of one question; else what it holds, or half of it.
    #expect(
      try policyBytes("train.activation_memory_megabytes=0") == 5 * parameters + (2 + 4 * 4) * row)
    #expect(
      try policyBytes("train.questions_per_step=65536") == 5 * parameters + Double(512 << 20))
    let lesson = "reward_model={ labeller: exact_match, questions: 1, num_generations: 2 }"
    #expect(try policyBytes(lesson) == 9 * parameters + 5 * (2 + 4 * 4) * row)
    // Without a reference.
    #expect(try policyBytes("train.beta=0") == 4 * parameters + 5 * (2 + 4 * 4) * row)
    #expect(try policyBytes("train=null", "evaluation=null") == 4 * parameters)
  }

  @Test func completionsOfAStepAreCountedByTheirNumberAndLength() throws {
    let base = MemoryNeed(try recipe(), nil).bytes
    let twice = MemoryNeed(try recipe("train.num_generations=8"), nil).bytes
    #expect(twice == 2 * base)
    // Of a token its id, log-probs, entropies, advantage and what the loss says: 57 bytes.
    let longer = MemoryNeed(try recipe("train.max_completion_length=12"), nil).bytes
    #expect(longer == base + 20 * 8 * 57)
    // Texts and rewards beside them.
    #expect(base > 20 * (4 * 57 + 600) && base < 20 * (4 * 57 + 1200))
    let lesson = "reward_model={ labeller: exact_match, questions: 65536, num_generations: 1024 }"
    #expect(MemoryNeed(try recipe(lesson), nil).bytes > 65536 * 1024 * 200)
  }

  @Test func aStepTooLargeIsRefusedBeforeAnythingIsKnownOfThePolicy() throws {
    let need = MemoryNeed(
      try recipe("train.questions_per_step=65536", "train.num_generations=64"), nil)
    let error = #expect(throws: TrainingError.self) { try need.check(available: 1_000_000 << 10) }
    guard case .tooLarge(.step, let bytes, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(bytes > 1e9)
    #expect(
      error?.description.hasPrefix("train: the completions of a step are too large (needs ") == true
    )
  }

  @Test func theScoresOfAnEvaluationAreCounted() throws {
    let held = MemoryNeed(try recipe("evaluation.samples=1024"), configuration, heldOut: 1 << 20)
    // SmallRecipe asks at most 20 of them.
    #expect(held.bytes < Double(1 << 30))
    let all = MemoryNeed(
      try recipe("evaluation.samples=1024", "evaluation.questions=null"), configuration,
      heldOut: 1 << 20)
    #expect(all.bytes > Double(1 << 30) * 25)
    let error = #expect(throws: TrainingError.self) { try all.check(available: 1 << 33) }
    guard case .tooLarge(.evaluation, _, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test func everyRecipeRunsInAGibibyte() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "recipes")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".yaml") }
    #expect(names.count >= 10)
    for name in names {
      let recipe = try Recipe(contentsOf: folder.appending(path: name).path)
      guard case .new(let architecture) = recipe.model else { continue }
      let policy = architecture.configuration(vocabularySize: 512, bos: 1, eos: 2)
      let need = MemoryNeed(recipe, policy, heldOut: 10_000)
      #expect(throws: Never.self, "\(name)") { try need.check(available: 1 << 30) }
    }
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
        == "model: is too large (needs at least 0.0 GiB of memory; this machine has 0.0 GiB)")
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

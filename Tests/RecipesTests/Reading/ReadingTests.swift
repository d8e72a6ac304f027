import Foundation
import Recipes
import Testing

@Suite struct ReadingTests {
  @Test(arguments: [
    BadRecipe(
      "num_iterations: 2", "num_iteration: 2",
      "20: train.num_iteration: unknown key (did you mean num_iterations?)"),
    BadRecipe(
      "learning_rate: 1e-4", "learing_rate: 1e-4",
      "21: train.learing_rate: unknown key (did you mean learning_rate?)"),
    BadRecipe(
      "output: runs", "outptu: runs", "1: outptu: unknown key (did you mean output?)"),
    BadRecipe(
      "test: test", "validation: test",
      "4: data.validation: unknown key (need one of train, test, question, answer)"),
    BadRecipe(
      "output: runs/sample", "output: runs/sample\nbeta: 0.1",
      "2: beta: unknown key (did you mean train.beta?)"),
    BadRecipe(
      "  samples: 4", "  samples: 4\n  learning_rate: 0.1",
      "26: evaluation.learning_rate: unknown key (did you mean warm_start.learning_rate or "
        + "train.value.learning_rate or train.learning_rate or reward_model.learning_rate?)"),
    BadRecipe("warm_start:", "rewards: []\nwarm_start:", "13: rewards: is set twice"),
    BadRecipe("  k: [1", "  samples: 4\n  k: [1", "25: samples: is set twice"),
    BadRecipe(
      "  questions_per_step: 4\n", "",
      "16: train.questions_per_step: is missing (need a whole number from 1 to 65536)"),
    BadRecipe("prompt: prompt.txt\n", "", "1: prompt: is missing (need a path)"),
    BadRecipe(
      "rewards:\n  - exact_match\n", "",
      "1: rewards: is missing (need a list of 1 to 64 items, each a reward's name, or a map with "
        + "name, command, python, url, library or model)"),
    BadRecipe(
      "hidden_size: 32", "hidden_size: 32\n  vocab_size: 300",
      "9: model.vocab_size: unknown key (did you mean tokenizer.vocab_size?)"),
    BadRecipe(
      "hidden_size: 32", "hidden_size: 32\n  qqqqqqqqqq: 300",
      "9: model.qqqqqqqqqq: unknown key (need one of path, hidden_size, num_hidden_layers, "
        + "num_attention_heads, num_key_value_heads, head_dim, intermediate_size, "
        + "max_position_embeddings, rope_theta, rms_norm_eps, tie_word_embeddings, "
        + "initializer_range)"),
    BadRecipe(
      "output: runs/sample", "output: \"\"", "1: output: is not a text (got \"\"; need a text)"),
    BadRecipe(
      "output: runs/sample", "output:", "1: output: is not a text (got nothing; need a text)"),
    BadRecipe(
      "prompt: prompt.txt", "prompt: [a]", "5: prompt: is not a path (got a list; need a path)"),
  ])
  func namesTheKeyThatIsWrong(_ bad: BadRecipe) throws {
    let error = try SampleRecipe.error(replacing: bad.old, with: bad.new)
    #expect(error == bad.error)
  }

  /// Earlier versions wrote it into the recipe of every run.
  @Test func aRetiredKeyIsReadWhereItHadNoEffect() throws {
    let recipe = try SampleRecipe.recipe(
      replacing: "num_iterations: 2", with: "num_iterations: 2\n  use_adaptive_entropy: false")
    #expect(recipe == (try SampleRecipe.recipe(replacing: "", with: "")))
    let error = try SampleRecipe.error(
      replacing: "num_iterations: 2", with: "num_iterations: 2\n  use_adaptive_entropy: true")
    #expect(
      error
        == "sample.yaml:21: train.use_adaptive_entropy: was removed (entropy_coef no longer adapts)"
    )
  }

  @Test(arguments: [
    ("nan", "is not a number"), (".nan", "is not a number"), (".inf", "is not a number"),
    ("inf", "is not a number"), ("0x1p3", "is not a number"), ("1_0", "is not a number"),
    ("abc", "is not a number"), (".", "is not a number"), ("1e", "is not a number"),
    ("1e+", "is not a number"), ("1.5.2", "is not a number"), ("+-1", "is not a number"),
    ("\"0.1\"", "is not a number"), ("1e400", "is out of range"),
    ("-1e400", "is out of range"), ("1e-400", "is out of range"), ("-1", "is out of range"),
    ("0", "is out of range"), ("-0", "is out of range"), ("0.0", "is out of range"),
    ("1.0000001", "is out of range"),
  ])
  func refusesANumberOutOfRange(_ text: String, _ complaint: String) throws {
    let error = try SampleRecipe.error(
      replacing: "learning_rate: 1e-4", with: "learning_rate: \(text)")
    #expect(
      error
        == "sample.yaml:21: train.learning_rate: \(complaint) (got \(text); need a number above 0, "
        + "at most 1)")
  }

  @Test(arguments: [
    ("0.5", 0.5), ("+.5", 0.5), ("5e-1", 0.5), ("0.05E+1", 0.5), ("1.", 1), ("01", 1), ("1e0", 1),
  ])
  func readsANumberHoweverItIsWritten(_ text: String, _ value: Double) throws {
    let recipe = try SampleRecipe.recipe(
      replacing: "learning_rate: 1e-4", with: "learning_rate: \(text)")
    #expect(recipe.train?.optimizer.learningRate == value)
  }

  @Test(arguments: [
    ("0", "is out of range"), ("-4", "is out of range"),
    ("4097", "is out of range"), ("9223372036854775808", "is out of range"),
    ("2.0", "is not a whole number"), ("1e1", "is not a whole number"),
    ("0x10", "is not a whole number"), ("\"8\"", "is not a whole number"),
    ("eight", "is not a whole number"), ("true", "is not a whole number"),
    ("٨", "is not a whole number"),
  ])
  func refusesAWholeNumberOutOfRange(_ text: String, _ complaint: String) throws {
    let error = try SampleRecipe.error(
      replacing: "num_iterations: 2", with: "num_generations: \(text)")
    #expect(
      error
        == "sample.yaml:20: train.num_generations: \(complaint) (got \(text); need a whole number "
        + "from 1 to 4096)")
  }

  @Test(arguments: [
    BadRecipe(
      "num_iterations: 2", "temperature: 0",
      "20: train.temperature: is out of range (got 0; need a number from 0.001 to 100)"),
    BadRecipe(
      "num_iterations: 2", "top_p: 0",
      "20: train.top_p: is out of range (got 0; need a number above 0, at most 1)"),
    BadRecipe(
      "num_iterations: 2", "adam_beta1: 1",
      "20: train.adam_beta1: is out of range (got 1; need a number from 0, below 1)"),
    BadRecipe(
      "num_iterations: 2", "epsilon: 1.0",
      "20: train.epsilon: is out of range (got 1.0; need a number above 0, below 1)"),
    BadRecipe(
      "num_iterations: 2", "beta: -0.1",
      "20: train.beta: is out of range (got -0.1; need a number from 0 to 100)"),
    BadRecipe(
      "questions_per_step: 4", "questions_per_step: 0",
      "17: train.questions_per_step: is out of range (got 0; need a whole number from 1 to 65536)"),
    BadRecipe(
      "output: runs", "seed: -1\noutput: runs",
      "1: seed: is out of range (got -1; need a whole number from 0 up)"),
    BadRecipe(
      "num_iterations: 2", "mask_truncated_completions: yes",
      "20: train.mask_truncated_completions: is not a truth value (got yes; need true or false)"),
    BadRecipe(
      "num_iterations: 2", "lr_scheduler_type: cosinus",
      "20: train.lr_scheduler_type: is unknown (got cosinus; need one of constant, linear, "
        + "cosine; did you mean cosine?)"),
    BadRecipe(
      "num_iterations: 2", "scale_rewards: mean",
      "20: train.scale_rewards: is unknown (got mean; need one of group, batch, none)"),
    BadRecipe(
      "num_iterations: 2", "algorithm: [grpo]",
      "20: train.algorithm: is not a name (got a list; need one of "
        + "\(Recipe.Algorithm.allCases.map(\.rawValue).joined(separator: ", ")))"),
    BadRecipe(
      "num_iterations: 2", "stop: x",
      "20: train.stop: is not a list (got x; need a list of 0 to 64 items, each a text)"),
    BadRecipe(
      "num_iterations: 2", "stop: [x, \"\"]",
      "20: train.stop.1: is not a text (got \"\"; need a text)"),
    BadRecipe(
      "num_iterations: 2", "stop: [null]",
      "20: train.stop.0: is not a text (got null; need a text)"),
    BadRecipe(
      "num_iterations: 2", "beta: 1e-400",
      "20: train.beta: is out of range (got 1e-400; need a number from 0 to 100)"),
    BadRecipe(
      "k: [1, 4]", "k: []",
      "26: evaluation.k: has the wrong length (got 0 items; need a list of 1 to 64 items, each a "
        + "whole number from 1 to 65536)"),
    BadRecipe(
      "k: [1, 4]", "k: [1, x]",
      "26: evaluation.k.1: is not a whole number (got x; need a whole number from 1 to 65536)"),
    BadRecipe(
      "tokenizer: { vocab_size: 300 }", "tokenizer: 300",
      "6: tokenizer: is not a map (got 300; need a map of keys)"),
    BadRecipe(
      "vocab_size: 300", "vocab_size: 32016",
      "6: tokenizer.vocab_size: is out of range (got 32016; need a whole number from 260 to "
        + "262144, except 32016 and 49152)"),
    BadRecipe(
      "vocab_size: 300", "vocab_size: 49152",
      "6: tokenizer.vocab_size: is out of range (got 49152; need a whole number from 260 to "
        + "262144, except 32016 and 49152)"),
    BadRecipe(
      "vocab_size: 300", "vocab_size: 300, path: x.model",
      "6: tokenizer.vocab_size: has no effect with path (need one of them)"),
    BadRecipe(
      "hidden_size: 32", "hidden_size: 1000000000000",
      "8: model.hidden_size: is out of range (got 1000000000000; need a whole number from 1 to "
        + "16384)"),
  ])
  func namesTheValueThatIsWrong(_ bad: BadRecipe) throws {
    let error = try SampleRecipe.error(replacing: bad.old, with: bad.new)
    #expect(error == bad.error)
  }

  @Test(arguments: [
    BadRecipe(
      "hidden_size: 32", "hidden_size: 34",
      "10: model.num_attention_heads: does not divide the width (got 4; need a divisor of "
        + "hidden_size, 34)"),
    BadRecipe(
      "num_attention_heads: 4", "num_attention_heads: 4\n  num_key_value_heads: 3",
      "11: model.num_key_value_heads: does not divide the attention heads (got 3; need a divisor "
        + "of num_attention_heads, 4)"),
    BadRecipe(
      "hidden_size: 32", "hidden_size: 12",
      "10: model.num_attention_heads: gives heads of odd size, which rotary embeddings cannot halve "
        + "(got 3; need an even size)"),
    BadRecipe(
      "hidden_size: 32", "hidden_size: 32\n  head_dim: 5",
      "9: model.head_dim: gives heads of odd size, which rotary embeddings cannot halve (got 5; need "
        + "an even size)"),
    BadRecipe(
      "max_completion_length: 8", "max_completion_length: 47",
      "18: train.max_completion_length: leaves no tokens for the prompt (got 47; need at most 46, with "
        + "max_position_embeddings 48)"),
    // 2·300·16384 + 16384·4·16384 + 3·16384·65536 + 3·16384 weights.
    BadRecipe(
      "hidden_size: 32\n  num_hidden_layers: 2\n  num_attention_heads: 4\n  intermediate_size: 64",
      "hidden_size: 16384\n  num_hidden_layers: 1\n  num_attention_heads: 4\n"
        + "  intermediate_size: 65536",
      "7: model: is too large (got 4304846848 parameters; need at most 4000000000)"),
    BadRecipe(
      "k: [1, 4]", "k: [1, 5]",
      "26: evaluation.k.1: is more than the samples (got 5; need at most 4)"),
    BadRecipe("k: [1, 4]", "k: [4, 4]", "26: evaluation.k: contains a value twice (got 4, 4)"),
    BadRecipe(
      "  test: test.jsonl\n", "", "23: evaluation: has no questions (need data.test)"),
    BadRecipe(
      "num_iterations: 2", "steps: 6",
      "20: train.steps: is more than outer_iterations × steps_per_iteration (got 6; need at most "
        + "5, or a larger train.outer_iterations)"),
    BadRecipe(
      "num_iterations: 2", "num_generations: 1",
      "20: train.num_generations: is too small (got 1; need 2 or more with advantage "
        + "group)"),
    BadRecipe(
      "num_iterations: 2", "beta: 0\n  use_bias_correction_kl: true",
      "21: train.use_bias_correction_kl: has no effect with beta 0"),
    BadRecipe(
      "num_iterations: 2", "beta: 0.1\n  kl_estimator: exact\n  use_bias_correction_kl: true",
      "22: train.use_bias_correction_kl: has no effect with kl_estimator exact"),
    BadRecipe(
      "num_iterations: 2", "surrogate: ratio\n  epsilon: 0.1",
      "21: train.epsilon: has no effect with surrogate ratio"),
    BadRecipe(
      "num_iterations: 2", "surrogate: gmpo\n  importance_sampling_level: sequence",
      "21: train.importance_sampling_level: has no effect with surrogate gmpo, which fixes the "
        + "ratio level"),
    BadRecipe(
      "num_iterations: 2", "update: trust-region",
      "21: train.learning_rate: has no effect with update trust-region (need adam)"),
    BadRecipe(
      "num_iterations: 2", "num_mini_batches: 5",
      "20: train.num_mini_batches: is more than questions_per_step (got 5; need at most 4)"),
    BadRecipe(
      "num_iterations: 2", "gamma: 0.9",
      "20: train.gamma: has no effect with advantage group"),
    BadRecipe(
      "num_iterations: 2", "value: { epochs: 2 }",
      "20: train.value: has no effect with advantage group"),
    BadRecipe(
      "num_iterations: 2", "algorithm: ppo-clip\n  value: { model: policy, epochs: 2 }",
      "21: train.value.epochs: has no effect with model policy, which is trained in the policy's "
        + "updates"),
    BadRecipe(
      "num_iterations: 2", "algorithm: ppo-clip\n  outer_discount: true",
      "21: train.outer_discount: has no effect with gamma 1"),
    BadRecipe(
      "num_iterations: 2", "algorithm: ppo-clip\n  dynamic_sampling_rounds: 2",
      "21: train.dynamic_sampling_rounds: has no effect with advantage advantage, which does not "
        + "compare completions"),
    BadRecipe(
      "num_iterations: 2", "overlong_buffer: 2",
      "20: train.overlong_buffer: has no effect with overlong_penalty 0"),
    BadRecipe(
      "num_iterations: 2", "ref_model_sync_steps: 2",
      "20: train.ref_model_sync_steps: has no effect with reference reset (need mix)"),
    BadRecipe(
      "num_iterations: 2", "algorithm: dapo\n  reference: fixed",
      "21: train.reference: has no effect without a KL penalty to the reference policy"),
    BadRecipe(
      "num_iterations: 2", "reference: fixed\n  outer_iterations: 2",
      "21: train.outer_iterations: has no effect with reference fixed (got 2; need 1)"),
    BadRecipe(
      "num_iterations: 2", "advantage_beta: 1",
      "20: train.advantage_beta: has no effect with advantage group (need softmax)"),
    BadRecipe(
      "num_iterations: 2", "algorithm: grpo-softmax\n  scale_rewards: none",
      "21: train.scale_rewards: has no effect with advantage softmax (need group)"),
    BadRecipe(
      "model:\n", "model:\n  path: policy\n",
      "9: model.hidden_size: has no effect with path (need one of them)"),
  ])
  func namesTheKeysThatDoNotFitTogether(_ bad: BadRecipe) throws {
    let error = try SampleRecipe.error(replacing: bad.old, with: bad.new)
    #expect(error == bad.error)
  }

  @Test func aMissingFileIsToldFromABadOne() throws {
    let missing = #expect(throws: RecipeError.self) {
      try Recipe(contentsOf: "/no/such/recipe.yaml")
    }
    #expect(missing?.kind == .missingFile)
    #expect(missing?.description.hasPrefix("/no/such/recipe.yaml: ") == true)

    let directory = #expect(throws: RecipeError.self) { try Recipe(contentsOf: "/") }
    #expect(directory?.kind == .invalid)
  }

  @Test func aFileThatIsNoTextIsRefusedByLine() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).yaml")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data("seed: 1\noutput: \"\u{FF}".utf8.map { $0 == 0xC3 ? 0xFF : $0 }).write(to: file)
    let error = #expect(throws: RecipeError.self) { try Recipe(contentsOf: file.path) }
    #expect(error?.description.hasPrefix("\(file.path):2: is not UTF-8; ") == true)

    try Data(repeating: UInt8(ascii: "#"), count: 1 << 20 + 1).write(to: file)
    let large = #expect(throws: RecipeError.self) { try Recipe(contentsOf: file.path) }
    #expect(large?.kind == .invalid)
    #expect(large?.description.contains("1048577 bytes") == true)
  }

  @Test func anErrorIsOneLineWhateverTheRecipeHolds() throws {
    let error = try #require(
      try SampleRecipe.error(replacing: "num_iterations: 2", with: "\"a\\nb\\e[2J\": 1"))
    #expect(error.hasPrefix("sample.yaml:20: train.a\\nb\\u{1b}[2J: unknown key"))
    #expect(!error.contains("\n"))
  }
}

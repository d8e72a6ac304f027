import Foundation
import PolicyOptimization
import Recipes
import Testing

@Suite struct YAMLWritingTests {
  @Test(arguments: ["quickstart", "smoke", "reading", "spell-backward", "arithmetic-long"])
  func everyRecipeOfTheRepositoryIsReadAndWrittenBack(_ name: String) throws {
    let recipe = try Recipe(contentsOf: shippedRecipes.appending(path: "\(name).yaml").path)
    #expect(recipe.warnings == [])
    #expect(recipe.output == "runs/\(name)")
    #expect(recipe.data.train.hasPrefix(repository.path + "/data/"))

    let text = recipe.resolvedYAML(relativeTo: "/somewhere/else")
    #expect(try Recipe(yaml: text, file: "/somewhere/else/recipe.yaml") == recipe)
  }

  @Test func theResolvedRecipeSpellsOutEveryValue() throws {
    let recipe = try SampleRecipe.recipe(
      replacing: "  - exact_match",
      with: "  - { name: contains, label: near, ignore_case: true }\n"
        + "  - { command: [./score.py, \"a: b\"], weight: 0.5 }")
    #expect(
      recipe.resolvedYAML(relativeTo: "/home/runs/sample") == """
        seed: 0
        output: runs/sample
        data:
          train: ../../r/train.jsonl
          test: ../../r/test.jsonl
          question: question
          answer: answer
        prompt: ../../r/prompt.txt
        model:
          hidden_size: 32
          num_hidden_layers: 2
          num_attention_heads: 4
          num_key_value_heads: 4
          head_dim: 8
          intermediate_size: 64
          max_position_embeddings: 48
          rope_theta: 10000.0
          rms_norm_eps: 1e-06
          tie_word_embeddings: false
          initializer_range: 0.02
        tokenizer:
          vocab_size: 300
        warm_start:
          steps: 10
          batch_size: 32
          answer: "{answer}"
          learning_rate: 0.001
          lr_scheduler_type: constant
          warmup_steps: 0
          min_lr_ratio: 0.0
          weight_decay: 0.0
          adam_beta1: 0.9
          adam_beta2: 0.999
          adam_epsilon: 1e-08
          max_grad_norm: 1.0
        train:
          algorithm: grpo
          questions_per_step: 4
          num_generations: 8
          max_completion_length: 8
          temperature: 1.0
          top_k: 0
          top_p: 1.0
          min_p: 0.0
          stop: []
          scoring_parts: 1
          outer_iterations: 1
          steps_per_iteration: 5
          num_iterations: 2
          num_mini_batches: 1
          advantage: group
          scale_rewards: group
          surrogate: clip
          epsilon: 0.2
          epsilon_high: 0.2
          importance_sampling_level: token
          aggregation: sequence-mean
          beta: 0.04
          kl_direction: policy-to-reference
          kl_estimator: k3
          use_bias_correction_kl: false
          kl_straight_through: false
          kl_controller: fixed
          old_kl_coef: 0.0
          entropy_coef: 0.0
          top_entropy_quantile: 1.0
          overlong_penalty: 0.0
          reward_kl_coef: 0.0
          token_cost: 0.0
          update: adam
          reference: reset
          dynamic_sampling_rounds: 0
          mask_truncated_completions: false
          learning_rate: 0.0001
          lr_scheduler_type: constant
          warmup_steps: 0
          min_lr_ratio: 0.0
          weight_decay: 0.0
          adam_beta1: 0.9
          adam_beta2: 0.999
          adam_epsilon: 1e-08
          max_grad_norm: 1.0
          checkpoint_steps: 100
          save_total_limit: 2
          num_completions_to_print: 2
          log_completion_ids: false
          activation_memory_megabytes: 1024
        rewards:
          - name: contains
            label: near
            weight: 1.0
            on_error: mask
            ignore_case: true
          - command: [./score.py, "a: b"]
            ids: required
            timeout: 30.0
            start_timeout: 120.0
            workers: 1
            directory: ../../r
            env: {}
            memory_megabytes: 2048
            open_files: 256
            file_megabytes: 64
            network: true
            name: score
            weight: 0.5
            on_error: mask
        evaluation:
          samples: 4
          k: [1, 4]
          temperature: 1.0

        """)
  }

  /// Values that YAML would take for something else, unless they are quoted.
  @Test(arguments: [
    "null", "~", "true", "no", "1", "1e5", ".5e3", ".inf", "-", "- a", "a: b", "a #b", "[a", "{a",
    "*a", "&a", "!a", "%a", "@a", "`a", "'", "\"", "\\", "\n", "a\nb\n", "\t", " a ", "\u{7F}",
    "\u{85}", "\u{2028}", "a\u{FEFF}", "\u{FFFE}", "\u{FFFF}", "\u{1}", "é", "e\u{301}", "日本",
    "👩‍👩‍👧", "\u{10FFFF}", "?", ":", ",", "---", "...", "<<", "=", "/", "a/b.c-d_e",
  ])
  func everyTextComesBackByteForByte(_ text: String) throws {
    var recipe = try SampleRecipe.recipe()
    recipe.train?.stop = [text, "x" + text]
    recipe.output = text
    recipe.data.question = text
    let back = try Recipe(
      yaml: recipe.resolvedYAML(relativeTo: "/home/r"), file: "/home/r/recipe.yaml")
    #expect(
      back.train?.stop.map { Array($0.utf8) } == [Array(text.utf8), Array(("x" + text).utf8)])
    #expect(Array(back.output.utf8) == Array(text.utf8))
    #expect(Array(back.data.question.utf8) == Array(text.utf8))
  }

  @Test func numbersComeBackBitForBit() throws {
    for value in [0.1, 1e-300, 1.0 / 3, 0.1 + 0.2, 2.5e-308, 99.99999999999999] {
      var recipe = try SampleRecipe.recipe()
      recipe.train?.axes.objective.klPenalty = KLPenalty(coefficient: value)
      #expect(
        try recipe.validated().train?.axes.objective.klPenalty?.coefficient.bitPattern
          == value.bitPattern)
    }
  }

  @Test func theSameRecipeHasNoDifference() throws {
    let recipe = try SampleRecipe.recipe()
    #expect(recipe.differences(from: recipe).isEmpty)
    let moved = try SampleRecipe.recipe(overrides: [.output("x")])
    #expect(recipe.differences(from: moved).isEmpty)
    // What is written out and what is left to the default is the same.
    let explicit = try SampleRecipe.recipe(
      replacing: "num_iterations: 2", with: "num_iterations: 2\n  epsilon_high: 0.2\n  beta: 4e-2")
    #expect(recipe.differences(from: explicit).isEmpty)
    #expect(recipe == explicit)
  }

  @Test(arguments: [
    ("num_iterations: 2", "num_iterations: 3", "train.num_iterations: differs (got 2; need 3)"),
    (
      "train.jsonl", "other.jsonl",
      "data.train: differs (got \"/home/r/train.jsonl\"; need \"/home/r/other.jsonl\")"
    ),
    ("  k: [1, 4]", "  k: [1]", "evaluation.k.1: differs (got 4; need nothing)"),
    ("  k: [1, 4]", "  every: 2\n  k: [1, 4]", "evaluation.every: differs (got nothing; need 2)"),
    (
      "exact_match", "numeric_match",
      "rewards.0.name: differs (got \"exact_match\"; need \"numeric_match\")"
    ),
  ])
  func aDifferenceNamesTheKeyAndBothValues(
    _ old: String, _ new: String, _ expected: String
  ) throws {
    let other = try SampleRecipe.recipe(replacing: old, with: new)
    #expect(
      try SampleRecipe.recipe().differences(from: other).first?.description == expected)
  }

  @Test func textsAreComparedByTheirBytes() throws {
    func recipe(_ stop: String) throws -> Recipe {
      let override = try #require(RecipeOverride(assignment: "train.stop=[\"\(stop)\"]"))
      return try SampleRecipe.recipe(overrides: [override])
    }
    #expect(
      try recipe("\u{E9}").differences(from: recipe("e\u{301}")).map(\.field) == ["train.stop.0"])
  }

  @Test func allDifferencesAreNamedInTheRecipesOrder() throws {
    let recipe = try SampleRecipe.recipe(
      overrides: ["evaluation.every=2", "train.beta=0.5", "seed=9"].compactMap {
        RecipeOverride(assignment: $0)
      })
    #expect(
      try recipe.differences(from: SampleRecipe.recipe()).map(\.field)
        == ["seed", "train.beta", "evaluation.every"])
  }
}

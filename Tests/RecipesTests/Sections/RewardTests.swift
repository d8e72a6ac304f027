import Formats
import Foundation
import Recipes
import RewardPlugins
import Rewards
import Testing

@Suite struct RewardTests {
  /// What the recipe's rewards make, none of which is a reward model.
  private func scores(_ recipe: Recipe) throws -> [RewardSet.Entry] {
    try recipe.rewards.map { try $0.entry { _ in throw CancellationError() } }
  }

  private func rewards(_ items: String) throws -> [Recipe.Reward] {
    try SampleRecipe.recipe(replacing: "  - exact_match\n", with: items).rewards
  }

  @Test func aNameAloneIsABuiltInScore() throws {
    #expect(
      try SampleRecipe.recipe().rewards == [Recipe.Reward(.builtIn("exact_match", options: [:]))])
  }

  @Test func optionsAreKeptWithTheirTypes() throws {
    let reward = try rewards("  - { name: regex, label: form, weight: -2, pattern: \"1e5\" }\n")[0]
    #expect(reward.label == "form")
    #expect(reward.weight == -2)
    #expect(reward.source == .builtIn("regex", options: ["pattern": "1e5"]))
  }

  @Test func optionsComeBackWithTheirTypes() throws {
    let recipe = try SampleRecipe.recipe(
      replacing: "  - exact_match\n", with: "  - { name: regex, pattern: \"1e5\" }\n")
    let text = recipe.resolvedYAML(relativeTo: "/home/r")
    #expect(text.contains("pattern: \"1e5\"\n"))
    #expect(try Recipe(yaml: text, file: "/home/r/recipe.yaml") == recipe)
  }

  @Test func aCommandRunsInTheFolderOfTheRecipe() throws {
    let rewards = try rewards(
      "  - command: [./tools/score.v2.py, -v]\n    timeout: 2.5\n"
        + "  - { command: [python3, score.py], name: slow, directory: ../x }\n")
    #expect(rewards.map(\.label) == ["score", "slow"])
    guard case .command(let first) = rewards[0].source,
      case .command(let second) = rewards[1].source
    else {
      Issue.record("commands were read as something else")
      return
    }
    #expect(first.arguments == ["./tools/score.v2.py", "-v"])
    #expect(first.options.directory == "/home/r")
    #expect(first.options.timeout == 2.5)
    #expect(second.options.directory == "/home/x")
    #expect(second.options.timeout == 30)
  }

  @Test func aPlugInComesBackWithAllItsKeys() throws {
    let recipe = try SampleRecipe.recipe(
      replacing: "  - exact_match\n",
      with: """
          - python: "r.py:f"
            style: verl
            arguments: { a: [1, x], b: null }
            interpreter: ./venv/bin/python
            workers: 2
            start_timeout: 60
            env: { A: "1", B: null }
            memory_megabytes: 4096
            cpu_seconds: 100
            open_files: 64
            file_megabytes: 1
            network: false
            on_error: fail
            range: [0, 1]
          - url: http://127.0.0.1:5000/get_reward
          - url: [http://a/one, https://b/two]
            name: both
            timeout: 5

        """)
    #expect(recipe.rewards.map(\.label) == ["f", "get_reward", "both"])
    let text = recipe.resolvedYAML(relativeTo: "/home/r")
    #expect(try Recipe(yaml: text, file: "/home/r/recipe.yaml") == recipe)
    guard case .python(let function) = recipe.rewards[0].source,
      case .url(let servers) = recipe.rewards[2].source
    else {
      Issue.record("plug-ins were read as something else")
      return
    }
    #expect(function.arguments == ["a": [1, "x"], "b": nil])
    #expect(
      function.options.environment == [
        .init(name: "A", value: "1"), .init(name: "B", value: nil),
      ])
    #expect(recipe.rewards[0].range == [0, 1] && recipe.rewards[0].onError == .fail)
    #expect(servers.urls == ["http://a/one", "https://b/two"])
  }

  /// A recipe whose rewards have a secret each, and the same without.
  private static let secrets = [
    ("- url: http://me:SECRET@a/one?k=SECRET", "url: \"http://***@a/one?***\""),
    ("- { url: [http://a/x, http://a/y#SECRET], name: n }", "\"http://a/y#***\""),
    ("- { url: http://a/x, token: SECRET }", "token: \"***\""),
    ("- { url: http://a/x, headers: { X-Key: SECRET } }", "X-Key: \"***\""),
    ("- { command: [./a, --url=http://b?SECRET] }", "\"--url=http://b?***\""),
    ("- { command: [./a], env: { MY_TOKEN: SECRET } }", "MY_TOKEN: \"***\""),
    ("- { python: \"a.py:f\", arguments: { u: [http://b?SECRET] } }", "u: [\"http://b?***\"]"),
  ]

  @Test(arguments: secrets) func secretsAreNotWritten(item: String, written: String) throws {
    let recipe = try SampleRecipe.recipe(
      replacing: "  - exact_match\n", with: "  \(item)\n")
    let text = recipe.resolvedYAML(relativeTo: "/home/r")
    #expect(text.contains(written) && !text.contains("SECRET"), "\(text)")
    // The run goes on with the recipe that it began with, and nobody goes on without the secret.
    let resolved = try Recipe(yaml: text, file: "/home/r/recipe.yaml")
    #expect(recipe.differences(from: resolved).isEmpty)
    #expect(throws: RewardError.self) { try scores(resolved) }
    _ = try scores(recipe)
    #expect(try recipe.validated() == recipe)
    let other = try SampleRecipe.recipe(
      replacing: "  - exact_match\n", with: "  - url: http://b/x\n")
    #expect(!recipe.differences(from: other).isEmpty)
    for difference in recipe.differences(from: other) {
      #expect(!"\(difference)\(difference.got)".contains("SECRET"))
    }
  }

  /// A text where a map should be is shown to nobody, since it may be a header as it is sent.
  @Test(arguments: [
    "{ url: http://a/x, headers: \"Authorization: SECRET\" }",
    "{ url: http://a/x, headers: { \"Authorization: SECRET\": null } }",
    "{ command: [./a], env: KEY=SECRET }",
  ])
  func secretsAreNotInMessages(item: String) {
    #expect {
      _ = try SampleRecipe.recipe(replacing: "  - exact_match\n", with: "  - \(item)\n")
    } throws: {
      let text = String(describing: $0)
      return !text.contains("SECRET") && (text.contains("got a text") || text.contains("got Auth"))
    }
  }

  @Test func aRecipeKnowsWhetherItHasSecrets() throws {
    for (item, _) in Self.secrets {
      #expect(
        try SampleRecipe.recipe(replacing: "  - exact_match\n", with: "  \(item)\n").hasSecrets)
    }
    #expect(
      try !SampleRecipe.recipe(replacing: "  - exact_match\n", with: "  - contains\n").hasSecrets)
  }

  @Test func referencesAreWrittenAndResolvedWhenTheyAreUsed() throws {
    let folder = NSTemporaryDirectory() + "secrets-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try "http://me:SECRET@a/x\n".write(toFile: folder + "/url", atomically: true, encoding: .utf8)
    try "SECRET".write(toFile: folder + "/token", atomically: true, encoding: .utf8)
    let recipe = try SampleRecipe.recipe(
      replacing: "  - exact_match\n",
      with: "  - { url: \"file:\(folder)/url\", token: \"file:\(folder)/token\", proxy: true,\n"
        + "      headers: { X: env:PATH } }\n")
    #expect(recipe.rewards[0].label == "url")
    let text = recipe.resolvedYAML(relativeTo: folder)
    #expect(text.contains("url: \"file:url\"\n") && text.contains("token: \"file:token\"\n"))
    #expect(text.contains("X: \"env:PATH\"\n") && text.contains("proxy: true\n"))
    #expect(try Recipe(yaml: text, file: folder + "/recipe.yaml") == recipe)
    _ = try scores(recipe)
    try FileManager.default.removeItem(atPath: folder + "/token")
    #expect {
      _ = try scores(recipe)
    } throws: {
      String(describing: $0).hasPrefix("token: option of url: file:\(folder)/token: ")
    }
  }

  @Test(arguments: [
    "headers: http://me:SECRET@x", "url: \"http://me:SECRET@ x/\"", "token: [http://a?SECRET]",
  ])
  func mistakesDoNotShowSecrets(key: String) throws {
    let error = try SampleRecipe.error(
      replacing: "  - exact_match", with: "  - { url: http://a/b, \(key) }")
    #expect(!(error ?? "SECRET").contains("SECRET"), "\(error ?? "")")
  }

  @Test(arguments: [("./.score", ".score"), ("/", "command"), ("a/b.c/d", "d"), ("..", "..")])
  func aCommandIsCalledLikeItsProgram(_ program: String, _ label: String) throws {
    let recipe = try SampleRecipe.recipe(
      replacing: "  - exact_match\n", with: "  - { command: [\(program)] }\n")
    #expect(recipe.rewards.map(\.label) == [label])
    #expect(try recipe.validated() == recipe)
  }

  @Test(arguments: [
    BadRecipe(
      "  - exact_match", "  - exact_mach",
      "23: rewards.0: unknown reward 'exact_mach'; did you mean exact_match? (need a plug-in, or "
        + "one of exact_match, numeric_match, contains, regex, think_answer_format, gsm8k, "
        + "step_match, countdown, length_band, repetition_penalty, soft_overlong)"),
    BadRecipe(
      "  - exact_match", "  - name: exact_match\n    ignore_cases: true",
      "24: rewards.0: ignore_cases: unknown option of exact_match; did you mean ignore_case? (need "
        + "one of extract, ignore_case)"),
    BadRecipe(
      "  - exact_match", "  - name: exact_match\n    weight: .nan",
      "24: rewards.0.weight: is not a number (got .nan; need a number from -1000000 to 1000000)"),
    BadRecipe(
      "  - exact_match", "  - weight: 2", "23: rewards.0.name: is missing (need a text)"),
    BadRecipe(
      "  - exact_match", "  - exact_match\n  - exact_match",
      "24: rewards.1: has the same name as an earlier reward (got exact_match; need another label)"),
    BadRecipe(
      "  - exact_match", "  - [a]",
      "23: rewards.0: is not a map (got a list; need a map of keys)"),
    BadRecipe(
      "  - exact_match", "  - command: ./score.py",
      "23: rewards.0.command: is not a list (got ./score.py; need a list of 1 to 256 items, each a "
        + "text)"),
    BadRecipe(
      "  - exact_match", "  - { command: [a], timeout: 0 }",
      "23: rewards.0.timeout: is out of range (got 0; need a number above 0, at most 86400)"),
    BadRecipe(
      "  - exact_match", "  - { command: [a], time_out: 1 }",
      "23: rewards.0.time_out: unknown key (did you mean timeout?)"),
    BadRecipe(
      "  - exact_match", "  - { command: [a], workers: 0 }",
      "23: rewards.0.workers: is out of range (got 0; need a whole number from 1 to 64)"),
    BadRecipe(
      "  - exact_match", "  - { command: [a], env: { A: [1] } }",
      "23: rewards.0.env.A: is not a value (got a list; need a text or null)"),
    BadRecipe(
      "  - exact_match", "  - { name: exact_match, range: [1, 0] }",
      "23: rewards.0.range: is empty (got 1.0 to 0.0; need the least first)"),
    BadRecipe(
      "  - exact_match", "  - { name: exact_match, on_error: skip }",
      "23: rewards.0.on_error: is unknown (got skip; need one of mask, fail, zero)"),
    BadRecipe(
      "  - exact_match", "  - { python: score.py }",
      "23: rewards.0.python: names no function (got score.py; need FILE.py:FUNCTION or "
        + "MODULE:FUNCTION)"),
    BadRecipe(
      "  - exact_match", "  - { python: \"a.py:f\", style: verl, conversational: true }",
      "23: rewards.0.conversational: has no effect with style verl (need trl)"),
    BadRecipe(
      "  - exact_match", "  - { command: [a], ids: none }",
      "23: rewards.0.ids: is unknown (got none; need required or off)"),
    BadRecipe(
      "  - exact_match", "  - { url: http://a/b, headers: { Host: c } }",
      "23: rewards.0.headers: contains a header that cannot be set (got Host)"),
    BadRecipe(
      "  - exact_match", "  - { url: http://a/b, token: c, headers: { authorization: d } }",
      "23: rewards.0.token: has no effect with headers.Authorization (need one of them)"),
    BadRecipe(
      "  - exact_match", "  - { url: ftp://x/y }",
      "23: rewards.0.url: is not a URL (got ftp://x/y; need http://HOST or https://HOST with a path)"
    ),
  ])
  func namesTheRewardThatIsWrong(_ bad: BadRecipe) throws {
    let error = try SampleRecipe.error(replacing: bad.old, with: bad.new)
    #expect(error == bad.error)
  }
}

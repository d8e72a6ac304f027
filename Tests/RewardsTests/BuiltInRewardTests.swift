import Formats
import Rewards
import Testing

@Suite struct BuiltInRewardTests {
  /// The options without which a reward cannot be set up.
  private static let needed: [String: JSONObject] = [
    "regex": ["pattern": "x"], "length_band": ["max": 10],
    "soft_overlong": ["max_length": 10, "buffer": 5],
  ]

  @Test func everyNameGivesARewardOfThatName() throws {
    #expect(
      BuiltInReward.names == [
        "exact_match", "numeric_match", "contains", "regex", "think_answer_format", "gsm8k",
        "step_match", "countdown", "length_band", "repetition_penalty", "soft_overlong",
      ])
    for name in BuiltInReward.names {
      let options = Self.needed[name] ?? [:]
      #expect(try BuiltInReward.named(name, options: options).name == name)
      #expect(try BuiltInReward.named(name, options: options, label: "mine").name == "mine")
    }
  }

  /// What is listed of a reward is what it takes: its example, each option, and nothing else.
  @Test(arguments: BuiltInReward.descriptions)
  func aDescriptionIsWhatTheRewardTakes(_ description: BuiltInReward.Description) throws {
    var options = JSONObject(description.example.entries.filter { $0.key != "name" })
    #expect(description.example["name"]?.string == description.name)
    #expect(try BuiltInReward.named(description.name, options: options).name == description.name)
    for option in description.options {
      #expect(!option.meaning.isEmpty && !option.need.isEmpty)
      guard let value = option.defaultValue else { continue }
      var defaults = Self.needed[description.name] ?? [:]
      defaults[option.name] =
        option.need == "a text" ? .string(value) : try? JSON(parsing: Array(value.utf8), file: "")
      if defaults[option.name] == nil { defaults[option.name] = .string(value) }
      #expect(try BuiltInReward.named(description.name, options: defaults).name == description.name)
    }
    options["colour"] = "red"
    #expect {
      _ = try BuiltInReward.named(description.name, options: options)
    } throws: { error in
      guard case .unknownOption(_, _, _, let known)? = error as? RewardError else { return false }
      return known == description.options.map(\.name)
    }
  }

  @Test(arguments: [
    ("exact_mach", "exact_match" as String?), ("Exact_Match", "exact_match"), ("gsm8", "gsm8k"),
    ("summarise_quality", nil), ("", nil),
  ])
  func anUnknownNameIsRefusedWithTheNearest(name: String, suggestion: String?) {
    #expect(throws: RewardError.unknownReward(name: name, suggestion: suggestion)) {
      _ = try BuiltInReward.named(name)
    }
  }

  @Test func messagesSayWhatThereIs() {
    #expect(
      String(describing: RewardError.unknownReward(name: "exact_mach", suggestion: "exact_match"))
        == "unknown reward 'exact_mach'; did you mean exact_match? (need a plug-in, or one of "
        + "exact_match, numeric_match, contains, regex, think_answer_format, gsm8k, step_match, "
        + "countdown, length_band, repetition_penalty, soft_overlong)")
  }

  @Test(arguments: BuiltInReward.names)
  func anUnknownOptionIsRefusedByName(name: String) {
    var options = Self.needed[name] ?? [:]
    options["colour"] = "red"
    #expect {
      _ = try BuiltInReward.named(name, options: options)
    } throws: { error in
      if case .unknownOption(name, "colour", nil, _)? = error as? RewardError {
        true
      } else {
        false
      }
    }
  }

  @Test func aMisspeltOptionIsRefusedWithTheNearest() {
    #expect {
      _ = try BuiltInReward.named("exact_match", options: ["ignore_cse": true])
    } throws: {
      String(describing: $0)
        == "ignore_cse: unknown option of exact_match; did you mean ignore_case? "
        + "(need one of extract, ignore_case)"
    }
  }

  @Test(arguments: [
    ("exact_match", "ignore_case", "yes" as JSON), ("exact_match", "extract", "last_number"),
    ("numeric_match", "tolerance", -1), ("numeric_match", "tolerance", "0.1"),
    ("numeric_match", "tolerance", .number(.infinity)),
    ("numeric_match", "tolerance", .number(.nan)),
    ("contains", "text", 1), ("contains", "text", ""),
    ("regex", "pattern", 1), ("regex", "pattern", "(a"), ("regex", "match", "anywhere"),
    ("think_answer_format", "format", "answer"), ("gsm8k", "format_score", true),
    ("countdown", "extract", "last_number"), ("length_band", "unit", "bytes"),
    ("length_band", "max", -1), ("repetition_penalty", "ngram_size", 0),
    ("repetition_penalty", "max_penalty", 1), ("soft_overlong", "buffer", 11),
  ])
  func anOptionOfAnotherKindOrRangeIsRefused(name: String, option: String, value: JSON) {
    var options = Self.needed[name] ?? [:]
    options[option] = value
    #expect {
      _ = try BuiltInReward.named(name, options: options)
    } throws: { error in
      if case .badOption(name, option, _)? = error as? RewardError { true } else { false }
    }
  }

  @Test func regexNeedsAPattern() {
    #expect {
      _ = try BuiltInReward.named("regex")
    } throws: {
      String(describing: $0)
        == "pattern: option of regex: missing (need a regular expression)"
    }
  }

  @Test(arguments: ["exact_match", "numeric_match", "contains", "gsm8k"])
  func aRowWithoutAnAnswerIsAFailedScore(name: String) async throws {
    let response = try await BuiltInReward.named(name).score(
      RewardRequest(step: 0, completions: [.of("4", answer: nil)]))
    #expect(response.scores == [.failed("the dataset row has no answer")])
  }
}

import Datasets
import Formats
import Recipes

/// A first recipe for somebody's data, with what each key means behind it.
struct StarterRecipe {
  private let data: String
  private let question: String
  private let answer: String
  /// A model's directory; nil for a new model.
  private let model: String?
  private let test: String?
  private let rowCount: Int
  private let questionBytes: Int
  private let answerBytes: Int
  private let corpusBytes: Int
  /// Different characters, each of which a tokenizer has a piece for.
  private let scalarCount: Int
  private let answersAreNumbers: Bool

  static let prompt = "prompt.txt"
  static let schema = "recipe.schema.json"

  private static let questionNames = [
    "question", "prompt", "problem", "input", "instruction", "query", "text",
  ]
  private static let answerNames = [
    "answer", "solution", "target", "output", "response", "completion", "label", "ground_truth",
  ]

  /// - Parameters:
  ///   - question: The column with the question; nil for the one whose name says so.
  ///   - answer: The column with the answer; nil for the one whose name says so.
  /// - Throws: a `FormatError` where the file cannot be read or no column is the one.
  init(
    data: String, test: String?, question: String?, answer: String?, model: String?
  ) throws(FormatError) {
    let rows = try DataFile.rows(path: data)
    func column(
      _ chosen: String?, _ names: [String], _ option: String
    ) throws(FormatError) -> String {
      if let chosen {
        guard !chosen.isEmpty else {
          throw FormatError("\(option): need the name of a column", file: data)
        }
        try rows.require(chosen, setting: option)
        return chosen
      }
      let found = names.lazy.compactMap { name in
        rows.columns.first { $0.lowercased().hasSameBytes(as: name) }
      }
      if let found = found.first { return found }
      // What keeps rows from being read, or the mark between cells, explains that better.
      if rows.columns.isEmpty { _ = try QuestionSet(path: data) }
      if rows.columns.count == 1 { try rows.require(names[0], setting: option) }
      let columns = rows.columns.map { $0.visible() }.joined(separator: ", ")
      throw FormatError(
        "no column is called \(names.prefix(3).joined(separator: ", ")) or the like "
          + "(got \(columns)); name it with \(option)", file: data)
    }
    self.question = try column(question, Self.questionNames, "--question-field")
    self.answer = try column(answer, Self.answerNames, "--answer-field")
    (self.data, self.test, self.model) = (data, test, model)
    let columns = QuestionSet.Columns(
      question: self.question, answer: self.answer, answerUser: "the warm start")
    let questions = try QuestionSet(path: data, columns: columns).questions
    rowCount = questions.count
    questionBytes = questions.map(\.prompt.utf8.count).max() ?? 1
    answerBytes = questions.map { $0.answer?.utf8.count ?? 0 }.max() ?? 1
    let scalars = questions.reduce(into: Set<Unicode.Scalar>()) {
      $0.formUnion($1.prompt.unicodeScalars)
      $0.formUnion($1.answer?.unicodeScalars ?? "".unicodeScalars)
    }
    scalarCount = scalars.count
    corpusBytes = questions.reduce(0) { $0 + $1.prompt.utf8.count + ($1.answer?.utf8.count ?? 0) }
    answersAreNumbers = questions.allSatisfy {
      $0.answer?.wholeMatch(of: /-?[0-9]+(\.[0-9]+)?/) != nil
    }
    if let test { _ = try QuestionSet(path: test, columns: columns) }
    if let model, !Files.exists(model + "/config.json") {
      throw FormatError("no config.json; need a model's directory", file: model, kind: .missing)
    }
  }

  /// Tokens of a completion: no answer has more tokens than bytes.
  private var completionTokens: Int {
    let least = model == nil ? 4 : 64
    return min(max(answerBytes + 2, least), 512)
  }

  /// Tokens of prompt and completion: a power of two, up to the most there may be.
  ///
  /// No prompt has more tokens than bytes.
  private var positions: Int {
    var positions = 32
    while positions < questionBytes + completionTokens + 4, positions < 65536 { positions *= 2 }
    return positions
  }

  private var name: String {
    let steps = data.split(separator: "/").filter { $0 != "." && $0 != ".." }
    let file = String(steps.last?.split(separator: ".").first ?? "data")
    let isPlain = ["train", "training", "data", "questions"].contains(file) && steps.count > 1
    let words = (isPlain ? String(steps[steps.count - 2]) : file).split {
      !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_"))
    }
    return words.isEmpty ? "data" : words.joined(separator: "-")
  }

  /// The recipe's text.
  ///
  /// - Parameter path: A path as it is named from the directory of the recipe.
  func yaml(path: (String) -> String) -> String {
    var lines = [
      "# yaml-language-server: $schema=\(Self.schema)",
      "# \(NumberFormat.count(rowCount, "question")) of \(data.visible()). To learn more of a key: "
        + "grpo recipe keys train.beta",
      "",
    ]
    func append(_ key: String, _ value: String, indent: Int = 0) {
      let line =
        String(repeating: " ", count: indent) + "\(key.split(separator: ".").last ?? ""): \(value)"
      let meaning = Recipe.keys(at: key).first?.key.summary ?? ""
      lines.append(line.filled(toAtLeast: 33) + " # " + meaning)
    }
    func section(_ name: String, _ keys: KeyValuePairs<String, String>) {
      lines.append("")
      lines.append("\(name):")
      for (key, value) in keys { append("\(name).\(key)", value, indent: 2) }
    }
    append("seed", "1")
    append("output", "runs/\(name)")
    append("prompt", Self.prompt)
    lines += ["", "data:"]
    append("data.train", Self.quoted(path(data)), indent: 2)
    if let test {
      append("data.test", Self.quoted(path(test)), indent: 2)
    } else {
      lines.append(
        "  # test: held-out.jsonl          # The file of held-out questions, for evaluation")
    }
    append("data.question", Self.quoted(question), indent: 2)
    append("data.answer", Self.quoted(answer), indent: 2)
    if let model {
      section("model", ["path": Self.quoted(path(model))])
    } else {
      // 256 bytes, the control symbols, each character, and as many pieces again.
      let pieces = max(corpusBytes < 200_000 ? 512 : 2048, 320 + 2 * scalarCount)
      section("tokenizer", ["vocab_size": "\(min(pieces, 262_144))"])
      section(
        "model",
        [
          "hidden_size": "128", "num_hidden_layers": "4", "num_attention_heads": "4",
          "intermediate_size": "384", "max_position_embeddings": "\(positions)",
          "tie_word_embeddings": "true", "initializer_range": "0.06",
        ])
      section(
        "warm_start",
        [
          "steps": "1500", "until_accuracy": "0.3", "batch_size": "64", "learning_rate": "1.0e-3",
          "warmup_steps": "50",
        ])
    }
    section(
      "train",
      [
        "algorithm": "grpo", "questions_per_step": "\(min(32, rowCount))", "num_generations": "8",
        "max_completion_length": "\(completionTokens)", "outer_iterations": "2",
        "steps_per_iteration": "100", "num_iterations": "1", "beta": "0.005",
        "learning_rate": model == nil ? "3.0e-4" : "1.0e-5",
      ])
    lines += [
      "", "# What scores a completion: grpo reward list, and grpo reward test recipe.yaml.",
    ]
    let reward =
      answersAreNumbers ? "{ name: numeric_match, extract: last_number }" : "exact_match"
    lines += ["rewards:", "  - \(reward)"]
    if test != nil { section("evaluation", ["every": "100", "samples": "4", "k": "[1, 4]"]) }
    return lines.map { $0 + "\n" }.joined()
  }

  /// The prompt template's text.
  var promptText: String { "{question}\n" }

  /// A text as YAML; YAML folds or drops these two characters where JSON has them as they are.
  private static func quoted(_ text: String) -> String {
    JSON.string(text).encoded().replacing("\u{85}", with: "\\u0085")
      .replacing("\u{FEFF}", with: "\\uFEFF")
  }
}

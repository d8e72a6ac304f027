import ArgumentParser
import Formats
import Recipes
import Rewards
import Training

/// `grpo algorithms`.
struct AlgorithmsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "algorithms",
    abstract: "Lists the algorithms that train.algorithm can name, or the keys of one.",
    discussion: """
      With a name, prints the recipe keys that the algorithm sets, and their values. A recipe can \
      set each of them to another value. --max-completion-length is the length for values that \
      depend on it.
      """)

  @Argument(
    help: "The algorithm. (default: lists all)", completion: .algorithms,
    transform: AlgorithmsCommand.preset)
  var name: Recipe.Algorithm?

  @Option(parsing: .unconditional, help: "The most tokens of a completion.")
  var maxCompletionLength = 64

  @Flag(help: "Prints JSON.")
  var json = false

  func validate() throws {
    try Bounds.check("--max-completion-length", maxCompletionLength, 1...65534)
  }

  func run() async throws {
    let shown = name.map { [$0] } ?? Recipe.Algorithm.allCases
    if json {
      var object = JSONObject()
      for algorithm in shown { object[algorithm.rawValue] = .object(encoded(algorithm)) }
      return try StandardOutput.write(line: JSON.object(object).encoded())
    }
    var table = TextTable(endsInSentences: true)
    if let name {
      for (key, value) in name.keys(maxCompletionTokens: maxCompletionLength) {
        table.append([key, value])
      }
    } else {
      for algorithm in shown { table.append([algorithm.rawValue, algorithm.summary]) }
    }
    for line in table.lines(on: .standardOutput) { try StandardOutput.write(line: line) }
  }

  private func encoded(_ algorithm: Recipe.Algorithm) -> JSONObject {
    var keys = JSONObject()
    for (key, value) in algorithm.keys(maxCompletionTokens: maxCompletionLength) {
      keys[key] = .string(value)
    }
    return ["summary": .string(algorithm.summary), "keys": .object(keys)]
  }

  private static func preset(_ text: String) throws -> Recipe.Algorithm {
    if let algorithm = Recipe.Algorithm(rawValue: text) { return algorithm }
    let names = Recipe.Algorithm.allCases.map(\.rawValue)
    let hint = Spelling.closest(to: text, among: names).map { "; did you mean \($0)?" } ?? ""
    throw ValidationError(
      "no algorithm \(text.visible()) (need one of \(names.joined(separator: ", "))\(hint))")
  }
}

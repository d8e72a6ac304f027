import Formats
import Recipes
import RewardPlugins
import Sampling
import Training

/// One thing that is wrong: a line for people, and for programs its parts.
struct Problem: Equatable {
  /// What is wrong, with its place.
  private(set) var text: String
  /// The same without its place, where that is known.
  private(set) var message: String
  private var place = Place()

  /// Where it is: the file with its line, or the option that says it; and the key.
  private struct Place: Equatable {
    var file: String?
    var line: Int?
    var option: String?
    var field: String?
  }

  init(_ text: String) { (self.text, message) = (text, text) }

  init(_ error: RecipeError) {
    (text, message) = (error.description, error.message.visible())
    place.field = error.field.isEmpty ? nil : error.field
    switch error.place {
    case .file(let file, let line)?: (place.file, place.line) = (file, line)
    case .option(let option, let key)?:
      (place.option, place.field) = (option, place.field ?? key)
    case .code?, nil: break
    }
  }

  /// One line of it; its `others` are problems of their own.
  init(_ error: FormatError) {
    var alone = error
    alone.others = []
    (text, message) = (alone.description, error.message.visible())
    (place.file, place.line, place.field) = (error.file, error.line, error.field)
  }

  init(_ error: PromptError) {
    var alone = error
    alone.place = nil
    text = error.description.visible()
    message = String(alone.description.trimmingPrefix("prompt: "))
    (place.file, place.line, place.field) = (error.place?.file, error.place?.line, "prompt")
  }

  init(_ difference: Recipe.Difference, of run: String) {
    self.init(difference.problem(of: run).visible())
    (place.file, place.field) = (difference.file, difference.field)
  }

  /// The problem of a part of the whole.
  func of(_ name: String) -> Problem {
    var problem = self
    problem.text = "\(name.visible()): \(text)"
    problem.message = "\(name.visible()): \(message)"
    return problem
  }

  /// `message`, and of `file`, `line`, `option` and `field` what is known.
  var encoded: JSONObject {
    var object: JSONObject = ["message": .string(Redaction.redacted(urlsIn: message))]
    if let file = place.file { object["file"] = .string(Redaction.redacted(urlsIn: file)) }
    if let line = place.line { object["line"] = .integer(line) }
    if let option = place.option { object["option"] = .string(RecipeOverride.redacted(option)) }
    if let field = place.field { object["field"] = .string(field) }
    return object
  }
}

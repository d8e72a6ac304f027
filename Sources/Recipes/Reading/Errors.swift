internal import Formats
internal import RewardPlugins

/// Why a recipe cannot be used, in one line: `FILE:LINE: FIELD: what is wrong (got X; need Y)`.
public struct RecipeError: Error, Sendable, Equatable {
  /// What went wrong, as far as a program must tell the cases apart.
  public enum Kind: Sendable {
    /// The recipe says something that cannot be done, or is no YAML.
    case invalid
    /// There is no such file.
    case missingFile
    /// The file exists and the system failed to read it.
    case unreadable
  }

  /// What went wrong, for programs.
  public var kind: Kind
  /// Where it was written; nil for an error of the file as a whole.
  public var place: RecipePlace?
  /// The key as a dotted path, as `--set` takes it; empty for the file as a whole.
  public var field: String
  /// What is wrong, without the place and the key.
  public var message: String
  /// Further keys that are refused as this one is: unknown, or without effect.
  public internal(set) var others: [RecipeError] = []

  /// Creates an error; by default about a recipe as a whole that is not valid.
  public init(
    _ message: String, kind: Kind = .invalid, field: String = "", at place: RecipePlace? = nil
  ) {
    (self.message, self.kind, self.field, self.place) = (message, kind, field, place)
  }
}

extension RecipeError: CustomStringConvertible {
  /// What is wrong and where, in one line, without secrets.
  public var description: String {
    var parts: [String] = []
    if let place { parts.append(place.description) }
    let placeNamesField = if case .option(_, let key) = place { key == field } else { false }
    if !field.isEmpty && !placeNamesField { parts.append(field) }
    parts.append(message)
    return Redaction.redacted(urlsIn: parts.joined(separator: ": ").visible())
  }
}

/// Where a recipe's value was written.
public enum RecipePlace: Sendable, Equatable, CustomStringConvertible {
  /// A line of a file, counted from 1; nil stands for the file as a whole.
  case file(String, line: Int?)
  /// An option of the command line (`--seed`, `--set train.beta`) and the key it sets.
  case option(String, key: String)
  /// Swift code.
  case code

  /// `FILE:LINE`, the option, or `recipe` for Swift code.
  public var description: String {
    switch self {
    case .file(let file, let line?): "\(file):\(line)"
    case .file(let file, nil): file
    case .option(let option, _): option
    case .code: "recipe"
    }
  }
}

extension RecipePlace {
  /// Who says so: the command line is set over a study, and a study over a recipe.
  enum Layer: Comparable { case recipe, study, commandLine }

  var layer: Layer {
    switch self {
    case .file, .code: .recipe
    case .option(let option, _): option.hasPrefix("--") ? .commandLine : .study
    }
  }
}

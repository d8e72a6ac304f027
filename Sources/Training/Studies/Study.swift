internal import Formats
internal import Foundation
public import Recipes
internal import RewardPlugins

/// What a comparison runs: every variant of every recipe, with every seed.
public struct Study: Sendable, Equatable {
  /// A name, and what it sets in each recipe.
  public struct Variant: Sendable, Equatable {
    /// The variant's name in tables and directories.
    public var name: String
    /// The keys that the variant sets.
    public var settings: [RecipeOverride]

    /// Creates a variant.
    public init(name: String, settings: [RecipeOverride]) {
      (self.name, self.settings) = (name, settings)
    }
  }

  /// Paths of recipe files, whose names without directory and extension must differ.
  public var recipes: [String] = []
  /// The seeds of each variant's runs.
  public var seeds = [1, 2, 3]
  /// Keys set in every recipe, for the warm start too.
  public var settings: [RecipeOverride] = []
  /// The variants; none compares the recipes as they are.
  public var variants: [Variant] = []
  /// Names of logged metrics to report, as means over the last tenth of the steps.
  public var metrics: [String] = []

  /// Creates a study without recipes, of seeds 1, 2 and 3.
  public init() {}

  /// What a recipe or study is called: its file's name without directory and extension.
  public static func name(of path: String) -> String {
    URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
  }

  /// A recipe key and the values it takes in turn: `train.beta=0,0.01`.
  public struct Axis: Sendable, Equatable {
    /// The recipe's key, such as `train.beta`.
    public let key: String
    /// The values in turn, each as YAML; at least one.
    public let values: [String]

    /// Reads `key=a,b`; nil without a key, and where a value is empty.
    ///
    /// Commas within brackets, braces and quotation marks belong to a value: `evaluation.k=[1,2]`
    /// is one.
    public init?(_ text: String) {
      guard let (key, values) = text.cut(at: "="), !key.isEmpty else { return nil }
      self.key = key
      self.values = Self.split(values)
      if self.values.contains("") { return nil }
    }

    private static func split(_ text: String) -> [String] {
      var values = [""]
      var depth = 0
      var quotation: Unicode.Scalar?
      for scalar in text.unicodeScalars {
        if let mark = quotation {
          if scalar == mark { quotation = nil }
        } else {
          switch scalar {
          case "\"", "'": quotation = scalar
          case "[", "{": depth += 1
          case "]", "}": depth -= 1
          case "," where depth == 0:
            values.append("")
            continue
          default: break
          }
        }
        values[values.count - 1].unicodeScalars.append(scalar)
      }
      return values
    }
  }

  private static let axisOption = "--vary "

  /// Replaces each variant by one for each value of the axis.
  ///
  /// Variants are named by keys within `train`, or else by whole keys: `beta=0 rewards.1.weight=2`.
  ///
  /// - Throws: a `RecipeError` where the axis's key equals, contains or lies within the key of an
  ///   earlier axis: variants would be named after values that they do not have.
  public mutating func vary(_ axis: Axis) throws(RecipeError) {
    let option = Self.axisOption + axis.key
    let own = RecipeOverride(option: option, key: axis.key, value: "")
    for earlier in variants.flatMap(\.settings) where earlier.option.hasPrefix(Self.axisOption) {
      guard earlier.isWithin(own.key) || own.isWithin(earlier.key) else { continue }
      let isSame = earlier.isWithin(own.key) && own.isWithin(earlier.key)
      throw RecipeError(
        isSame
          ? "is varied twice (need all values after one --vary)"
          : "overlaps with \(earlier.option) (need keys of which none lies within another)",
        field: axis.key, at: own.place)
    }
    let known = variants.isEmpty ? [Variant(name: "", settings: [])] : variants
    let label = axis.key.hasPrefix("train.") ? String(axis.key.dropFirst(6)) : axis.key
    variants = known.flatMap { variant in
      axis.values.map { value in
        let setting = RecipeOverride(option: option, key: axis.key, value: value)
        return Variant(
          name: (variant.name.isEmpty ? "" : variant.name + " ")
            + "\(label)=\(Redaction.redacted(urlsIn: value))",
          settings: variant.settings + [setting])
      }
    }
  }
}

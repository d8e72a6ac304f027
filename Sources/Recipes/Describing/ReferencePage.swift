extension Recipe {
  /// Every key of a recipe as a page of Markdown, a table for each section.
  public static var referencePage: String {
    var lines = [
      "# Recipe reference", "", "Every key of a recipe: what it means, may be, and is by default.",
      "", "## Overview", "",
      "`grpo recipe keys` prints the same for one key: `grpo recipe keys train.beta`. A default that",
      "depends on the algorithm is that of `grpo`; `grpo algorithms NAME` lists those of another one.",
      "A key whose row names choices has an effect only with them; without them it is refused.",
      "Some combinations of values are refused, too; `grpo recipe check` says which.",
      "The page is made from the declaration of the keys; `make reference` writes it.",
    ]
    append(reference, title: "The recipe itself", to: &lines)
    for section in reference where !section.keys.isEmpty {
      append(section, path: section.name, to: &lines)
    }
    return lines.map { $0 + "\n" }.joined()
  }

  private static func append(_ section: RecipeKey, path: String, to lines: inout [String]) {
    append(section.keys, title: "`\(path)`", meaning: section.meaning, to: &lines)
    for inner in section.keys where !inner.keys.isEmpty {
      append(inner, path: "\(path).\(inner.name)", to: &lines)
    }
  }

  private static func append(
    _ keys: [RecipeKey], title: String, meaning: String? = nil, to lines: inout [String]
  ) {
    lines += ["", "## \(title)", ""]
    if let meaning { lines += [meaning, ""] }
    lines += ["| key | meaning | values | default |", "|---|---|---|---|"]
    for key in keys {
      var text = key.meaning
      if !key.effect.isEmpty { text += " *Only \(key.effect).*" }
      if !key.otherNames.isEmpty {
        text += " Also called: \(key.otherNames.map { "`\($0)`" }.joined(separator: ", "))."
      }
      let value = key.isRequired ? "required" : key.defaultValue ?? "none"
      let cells = ["`\(key.name)`", text, key.values, value]
      lines.append("| \(cells.map(escaped).joined(separator: " | ")) |")
    }
  }

  private static func escaped(_ text: String) -> String { text.replacing("|", with: "\\|") }
}

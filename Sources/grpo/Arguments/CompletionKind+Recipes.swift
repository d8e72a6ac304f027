import ArgumentParser
import Recipes
import Rewards

// What a shell completes where an option takes a part of a recipe.
extension CompletionKind {
  static var algorithms: CompletionKind { .list(Recipe.Algorithm.allCases.map(\.rawValue)) }

  static var rewards: CompletionKind { .list(BuiltInReward.names) }

  /// A key of the recipe, or a section.
  static var keys: CompletionKind { .custom { _, _, _ in unique(Recipe.allKeys.map(\.path)) } }

  /// `key=value`, or `key=value,value`: a key, and the values of those that have names.
  static var settings: CompletionKind {
    .custom { words, index, _ in
      words.indices.contains(index) ? settings(beginning: words[index]) : []
    }
  }

  private static func settings(beginning word: String) -> [String] {
    guard let end = word.lastIndex(where: { "=,".contains($0) }) else {
      // Items of a list have numbers, which are not known here.
      let keys = Recipe.allKeys.filter { path, key in
        (key.keys.isEmpty || key.hasItems) && !path.hasPrefix("rewards.")
      }
      return unique(keys.map { $0.path + "=" })
    }
    let key = word.prefix { $0 != "=" }
    let values = Recipe.allKeys.filter { $0.path == key }.flatMap { $0.key.alternatives }
    return unique(values).map { word[...end] + $0 }
  }

  private static func unique(_ words: [String]) -> [String] {
    words.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }
}

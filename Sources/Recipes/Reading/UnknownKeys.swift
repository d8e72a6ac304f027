internal import Formats
internal import Rewards

extension Fields {
  /// Keys of earlier versions.
  ///
  /// The first stands in the recipe of every run begun then, which goes on where it had no effect.
  private static let retired = [
    "use_adaptive_entropy", "entropy_target", "entropy_coef_delta", "entropy_coef_min",
    "entropy_coef_max",
  ].map { "train.\($0)" }

  /// Reports the keys that nobody asked for.
  func refuseUnknownKeys() {
    for entry in unread {
      let path = context[entry.key].path
      if path == Self.retired[0], entry.value.found == "false" { continue }
      context.journal.refuse(
        path,
        Self.retired.contains(path)
          ? RecipeError(
            "was removed (entropy_coef no longer adapts)", field: path, at: entry.value.place)
          : RecipeError(
            unknown: entry, among: known, context,
            elsewhere: Recipe.paths(of: entry.key, besides: context.path)))
    }
  }
}

extension Recipe {
  /// The declared keys of a section, by its dotted path; nil for what is none.
  private static func keys(ofSection path: String) -> [RecipeKey]? {
    if path.isEmpty { return reference }
    let path = path == "reward_model.labeller" ? "rewards" : path
    let found = keys(at: path).flatMap(\.key.keys)
    return found.isEmpty ? nil : found
  }

  /// Where a key of some name is, apart from one section: its paths, none for a section of a list.
  fileprivate static func paths(of name: String, besides section: String) -> [String] {
    guard keys(ofSection: section) != nil, !section.contains(where: \.isNumber) else { return [] }
    var paths: [String] = []
    for (path, key) in allKeys
    where ([key.name] + key.otherNames).contains(where: { $0.hasSameBytes(as: name) })
      && !paths.contains(path)
    {
      if !path.hasPrefix("rewards.") { paths.append(path) }
    }
    return paths
  }

  /// What may be meant by a name that is no key of a section, the surest guess first: a key that
  /// other programs call so, the same name elsewhere, initials, a slip, words of a meaning.
  fileprivate static func keys(
    meantBy name: String, in section: String, among known: [String], elsewhere paths: [String]
  ) -> [String] {
    let keys = (keys(ofSection: section) ?? []).filter { known.contains($0.name) }
    func names(where isMeant: (RecipeKey) -> Bool) -> [String] {
      keys.filter(isMeant).names
    }
    func isInitials(of key: RecipeKey) -> Bool {
      let initials = String(key.name.split(separator: "_").compactMap(\.first))
      return name.utf8.count > 1 && initials.hasSameBytes(as: name)
    }
    let words = name.lowercased().split(separator: "_").filter { $0.utf8.count > 2 }
    func isDescribed(by key: RecipeKey) -> Bool {
      !words.isEmpty
        && words.allSatisfy { word in key.words.contains { $0.utf8.starts(with: word.utf8) } }
    }
    let guesses = [
      names { $0.otherNames.contains { $0.hasSameBytes(as: name) } }, paths,
      names(where: isInitials), Spelling.closest(to: name, among: known).map { [$0] } ?? [],
    ]
    if let guess = guesses.first(where: { !$0.isEmpty }) { return guess }
    let described = names(where: isDescribed)
    return described.count <= 3 ? described : []
  }
}

extension RecipeError {
  /// A key of a map that is none of those that are `known`, with those that may be meant.
  ///
  /// - Parameter paths: Keys of this name in other sections.
  package init(
    unknown entry: Node.Entry, among known: [String], _ context: Context,
    elsewhere paths: [String] = []
  ) {
    let meant = Recipe.keys(
      meantBy: entry.key, in: context.path, among: known, elsewhere: paths)
    let hint =
      meant.isEmpty
      ? known.count > 20
        ? "grpo recipe keys \(context.path) lists all"
        : "need one of \(known.joined(separator: ", "))"
      : "did you mean \(meant.joined(separator: " or "))?"
    self.init(
      "unknown key (\(hint))", field: context[entry.key.shortened()].path, at: entry.value.place)
  }
}

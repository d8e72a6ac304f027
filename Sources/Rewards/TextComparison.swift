internal import Formats

/// How texts are compared, the same for every built-in score.
///
/// Texts are equal when their bytes are: "é" as one scalar is not "e" with a combining accent, and
/// nothing is normalised. White space is what Unicode gives the property White_Space
/// (spaces, tabs, line ends, no-break spaces); it is removed at both ends only. Without regard to
/// case means that Unicode's full case folding makes them equal, in no language's rules: STRASSE is
/// straße, ΟΔΟΣ is οδος, and İ is not i.
package enum TextComparison {
  package static func equal(_ a: String, _ b: String, ignoringCase: Bool) -> Bool {
    canonical(a, ignoringCase: ignoringCase)
      .hasSameBytes(as: canonical(b, ignoringCase: ignoringCase))
  }

  /// The text whose bytes two texts share exactly when they are equal.
  static func canonical(_ text: String, ignoringCase: Bool) -> String {
    ignoringCase ? folded(text) : text
  }

  /// Whether `part` occurs in `text`; an empty one always does.
  ///
  /// - Complexity: the product of both lengths at worst.
  package static func contains(_ text: String, _ part: String, ignoringCase: Bool) -> Bool {
    ignoringCase
      ? folded(text).contains(bytes: folded(part)) : text.contains(bytes: part)
  }

  /// The text that all texts share from which it differs in case alone.
  private static func folded(_ text: String) -> String {
    var folded = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if scalar.isASCII || scalar == "ı" {
        folded.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
        continue
      }
      // By way of the upper case ς meets σ, and ß meets ss; ẞ has to be ß before. These are the
      // classes of Unicode's folding, except that it keeps ı, whose upper case is I.
      let upper = scalar.properties.lowercaseMapping.unicodeScalars
        .flatMap(\.properties.uppercaseMapping.unicodeScalars)
      folded.append(contentsOf: upper.flatMap(\.properties.lowercaseMapping.unicodeScalars))
    }
    return String(folded)
  }

  /// What white space separates; no word is empty.
  static func words(of text: String) -> [String] {
    text.unicodeScalars.split { $0.properties.isWhitespace }.map { String($0) }
  }
}

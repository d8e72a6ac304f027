internal import Formats

/// The words of a shell's text that may name what it reads, without running it.
///
/// This is no parser of a shell. A word too many does no harm, so whatever could be one counts: also
/// those of texts within quotes, and of commands whose output is put in the place of a word. What
/// stands for a variable or such an output is ``hole``.
struct ShellWords {
  struct Word: Equatable {
    var text: String
    /// Whether it is where to go on from: `cd DIRECTORY`.
    var isPlace = false
  }

  /// Without quotes, and without those that name what is written to.
  private(set) var words: [Word] = []
  /// Whether it runs or reads what a variable or a command names of which the text does not tell.
  private(set) var runsUnknown = false

  /// What stands for something that is put in its place when the shell runs.
  static let hole: Character = "$"
  /// A hole of whose content the text tells nothing.
  private static let darkHole: Character = "\u{1A}"
  private static let escapedSpace: Character = "\u{1F}"

  /// - Parameter environment: What variables are known to be where a path goes on behind them.
  init(_ text: String, environment: [String: String] = [:]) {
    var reading = Reading(text, environment)
    var (word, isOutput, previous, beforePlace) = ("", false, "", false)
    for character in reading.expanded() + "\n" {
      guard Self.isSeparator(character) else {
        if !"\"'".contains(character) { word.append(character) }
        continue
      }
      if !word.isEmpty {
        let isDark = word == String(Self.darkHole)
        if isDark && (previous.isEmpty || Self.runs(previous)) { runsUnknown = true }
        if !isOutput { add(word, isPlace: beforePlace) }
        beforePlace = ["cd", "pushd", "-C", "--chdir"].contains(word)
        if !word.utf8.starts(with: "-".utf8) { previous = word }
        (word, isOutput) = ("", false)
      }
      if ">".contains(character) { isOutput = true }
      if character == "<" { previous = "<" }
      if character == "\n" || ";|&(".contains(character) { previous = "" }
    }
    for quoted in reading.quoted { add(quoted, isPlace: false) }
    for inner in reading.inner {
      let further = ShellWords(inner, environment: environment)
      words += further.words
      runsUnknown = runsUnknown || further.runsUnknown
    }
  }

  private mutating func add(_ text: String, isPlace: Bool) {
    let plain = String(
      text.map { character in
        switch character {
        case Self.darkHole: Self.hole
        case Self.escapedSpace: " "
        default: character
        }
      })
    words.append(Word(text: plain, isPlace: isPlace))
  }

  private static func isSeparator(_ character: Character) -> Bool {
    character.isWhitespace || ";|&()<>`".contains(character)
  }

  private static func isOfName(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || character == "_"
  }

  /// Whether what follows the word is run or read.
  private static func runs(_ word: String) -> Bool {
    let name = word.split(bytes: "/").last ?? word
    let starters = [
      "<", ".", "source", "exec", "eval", "env", "nice", "nohup", "time", "cat", "node", "ruby",
      "perl", "cd",
    ]
    return name.hasPrefix("python") || name.hasSuffix("sh") || starters.contains(name)
  }

  /// Goes through a text once, and puts holes where something else will be.
  private struct Reading {
    /// Texts within quotes that have white space, as wholes.
    private(set) var quoted: [String] = []
    /// What is run, or taken, in the place of a hole.
    private(set) var inner: [String] = []
    private let environment: [String: String]
    private let text: [Character]
    private var result = ""
    private var index = 0
    /// Names that stand somewhere without a `$`: they are given a value there, or read.
    private var given: Set<String> = []
    /// Names that are given something of which the text does not tell.
    private var darkNames: Set<String> = []

    init(_ text: String, _ environment: [String: String]) {
      self.environment = environment
      let lines = text.replacing("\r\n", with: "\n").replacing("\\\n", with: " ")
        .split(separator: "\n").filter { line in line.first { !$0.isWhitespace } != "#" }
      self.text = Array(lines.joined(separator: "\n"))
      var (name, before): (String, Character) = ("", " ")
      for character in self.text {
        if ShellWords.isOfName(character) {
          name.append(character)
        } else {
          if !name.isEmpty, !"${".contains(before) { given.insert(name) }
          (name, before) = ("", character)
        }
      }
    }

    mutating func expanded() -> String {
      var (quote, start): (Character?, String.Index) = (nil, result.startIndex)
      while index < text.count {
        let character = text[index]
        index += 1
        switch character {
        case "\\":
          let next = index < text.count ? text[index] : "\\"
          result.append(next == " " ? ShellWords.escapedSpace : next)
          index += 1
        case "$": expand()
        case "`":
          let command = take(until: "`")
          inner.append(command)
          fill(from: command)
        default:
          result.append(character)
          if character == quote {
            let content = result[start...].dropLast()
            if content.contains(where: \.isWhitespace) { quoted.append(String(content)) }
            quote = nil
          } else if quote == nil, "\"'".contains(character) {
            (quote, start) = (character, result.endIndex)
          }
        }
      }
      return result
    }

    /// What stands behind a `$`.
    private mutating func expand() {
      guard index < text.count else { return result.append(ShellWords.hole) }
      switch text[index] {
      case "(":
        index += 1
        let command = take(until: ")", nesting: "(")
        inner.append(command)
        fill(from: command)
      case "{":
        index += 1
        let content = take(until: "}", nesting: "{")
        let name = content.prefix(while: ShellWords.isOfName)
        inner.append(String(content.dropFirst(name.count).drop { ":-=+?#%/".contains($0) }))
        fill(from: String(name), isVariable: true)
      default:
        var name = String(text[index...].prefix(while: ShellWords.isOfName))
        if name.isEmpty { name = String(text[index]) }
        // A quote behind a $ is the end of a text.
        if "\"' \n".contains(name) { return result.append(ShellWords.hole) }
        index += name.count
        fill(from: name, isVariable: true)
      }
    }

    private mutating func fill(from name: String, isVariable: Bool) {
      let goesOn = index < text.count && text[index] == "/"
      if let value = environment[name], goesOn || value.hasSuffix(".py") || value.hasSuffix(".sh") {
        return result.append(value)
      }
      let isSpecial = !(name.first?.isLetter ?? false) && name.first != "_"
      let isKnown = isSpecial || environment[name] != nil || given.contains(name)
      let isDark = !isKnown || darkNames.contains(name)
      result.append(isDark ? ShellWords.darkHole : ShellWords.hole)
    }

    private mutating func fill(from command: String) {
      let program = command.split(whereSeparator: { $0.isWhitespace || "\"'".contains($0) }).first
      let isKnown = [
        "dirname", "basename", "pwd", "cd", "readlink", "realpath", "command", "which", "mktemp",
        "date",
      ].contains { program.map(String.init) == $0 }
      if !isKnown,
        let name = result.split(whereSeparator: \.isWhitespace).last?.split(
          separator: "=", omittingEmptySubsequences: false
        ).first
      {
        darkNames.insert(String(name))
      }
      result.append(isKnown ? ShellWords.hole : ShellWords.darkHole)
    }

    /// The text up to the end of what was opened, which is gone over.
    private mutating func take(until end: Character, nesting open: Character? = nil) -> String {
      var (depth, taken) = (0, "")
      while index < text.count {
        let character = text[index]
        index += 1
        if character == end {
          if depth == 0 { break }
          depth -= 1
        } else if character == open {
          depth += 1
        }
        taken.append(character)
      }
      return taken
    }
  }
}

package import Formats
internal import Foundation
internal import RewardPlugins

/// What the scores of a reward of one's own depend on, as far as it can be told without starting it.
///
/// Those are the files that a command's words name, and the words of shell scripts among them; a
/// Python function's file and what that imports from beside it, from PYTHONPATH or out of its
/// package; files that texts of `arguments` and `env` name; and the values of other variables.
/// What programs open by names of their own is unknown.
package struct RewardInputs {
  package private(set) var files: [(field: String, path: String)] = []
  /// Variables that are set, or handed on from this program's environment.
  package private(set) var variables: [(field: String, name: String, value: String)] = []
  private let field: String
  private let processes: Recipe.Processes
  private let environment: [String: String]
  private var followed: Set<ByteKey> = []

  package init(_ field: String, of command: Recipe.Command) throws(FormatError) {
    self.init(field, command.processes)
    let isPython = command.arguments.first.map { Self.name($0).contains("python") } ?? false
    for (index, word) in command.arguments.enumerated() {
      let place = "\(field).command.\(index)"
      // What is looked up in PATH belongs to the system.
      if index == 0 && !word.utf8.contains(UInt8(ascii: "/")) { continue }
      if isPython, index > 1, command.arguments[index - 1].hasSameBytes(as: "-m") {
        try add(module: word, as: place, beside: processes.directory)
      } else if index > 0, word.contains(where: \.isWhitespace) {
        if isPython { try follow(python: word, under: place, beside: processes.directory) }
        try follow(shell: word, under: place)
      } else {
        try add(word: word, as: place)
      }
    }
  }

  package init(_ field: String, of function: Recipe.PythonFunction) throws(FormatError) {
    self.init(field, function.processes)
    let place = function.function.split(separator: ":").dropLast().joined(separator: ":")
    if place.hasSuffix(".py") {
      let path = RecipePath.absolute(place, from: processes.directory)
      if Files.size(path) != nil { try add(path, as: "\(field).python") }
    } else {
      try add(module: place, as: "\(field).python", beside: processes.directory)
    }
    if let arguments = function.arguments {
      try add(texts: .object(arguments), as: "\(field).arguments")
    }
  }

  private init(_ field: String, _ processes: Recipe.Processes) {
    (self.field, self.processes) = (field, processes)
    let own = ProcessInfo.processInfo.environment
    environment = processes.options.environment(from: own)
    for variable in processes.environment {
      let place = "\(field).env.\(variable.name)"
      guard let value = variable.value ?? own[variable.name] else { continue }
      variables.append((place, variable.name, value))
      let path = RecipePath.absolute(value, from: processes.directory)
      if variable.value != nil, !value.isEmpty, Self.isReadable(path) {
        files.append(("\(place)/\(Self.name(path))", path))
      }
    }
  }

  // MARK: What names a file

  /// A word of a command: a file, one behind the `=` of an option, or a directory that Python runs.
  private mutating func add(word: String, as place: String) throws(FormatError) {
    for name in [word] + (word.cut(at: "=").map { [$0.1] } ?? []) where !name.isEmpty {
      let path = RecipePath.absolute(name, from: processes.directory)
      if Self.isReadable(path) {
        try add(path, as: place)
      } else if Files.size(path + "/__main__.py") != nil {
        try add(package: path, as: place)
      }
    }
  }

  private mutating func add(texts json: JSON, as place: String) throws(FormatError) {
    switch json {
    case .string(let text):
      let path = RecipePath.absolute(text, from: processes.directory)
      if !text.isEmpty, Self.isReadable(path) { try add(path, as: place) }
    case .array(let items):
      for (index, item) in items.enumerated() { try add(texts: item, as: "\(place).\(index)") }
    case .object(let object):
      for (key, value) in object.entries { try add(texts: value, as: "\(place).\(key)") }
    default: break
    }
  }

  /// A module by its dotted name: its file, or every file of the package that it lies in.
  ///
  /// - Parameter folder: where Python looks first.
  private mutating func add(
    module name: String, as place: String, beside folder: String
  ) throws(FormatError) {
    let parts = name.split(separator: ".").map(String.init)
    guard let first = parts.first else { return }
    for root in [folder] + searchPath {
      if parts.count == 1, Files.size("\(root)/\(first).py") != nil {
        return try add("\(root)/\(first).py", as: place)
      }
      let package = "\(root)/\(first)"
      guard Files.isDirectory(package), Self.hasPython(package) else { continue }
      let stem = "\(root)/\(parts.joined(separator: "/"))"
      if let main = ["\(stem).py", "\(stem)/__init__.py"].first(where: { Files.size($0) != nil }) {
        try add(main, as: place)
      }
      return try add(package: package, as: place)
    }
  }

  private mutating func add(package folder: String, as place: String) throws(FormatError) {
    for path in Self.pythonFiles(in: folder) { try add(path, as: self.place(path, place)) }
  }

  /// A file, and what its text says that it reads in turn.
  private mutating func add(_ path: String, as place: String) throws(FormatError) {
    guard followed.insert(ByteKey(path)).inserted else { return }
    files.append((place, path))
    guard let size = Files.size(path), size <= Self.largestScript else { return }
    let text = String(
      decoding: try Files.read(path, maximumBytes: Self.largestScript), as: UTF8.self)
    let head = text.prefix { !$0.isNewline }
    let runner = head.hasPrefix("#!") ? String(head) : ""
    if path.hasSuffix(".py") || runner.contains("python") {
      try follow(python: text, under: place, beside: Files.parent(of: path))
    } else if path.hasSuffix(".sh") || runner.hasSuffix("sh") {
      try follow(shell: String(text.dropFirst(runner.count)), under: place)
    }
  }

  private mutating func follow(
    python text: String, under place: String, beside folder: String
  ) throws(FormatError) {
    for name in Self.imports(in: text) {
      for root in [folder] + searchPath {
        if Files.size("\(root)/\(name).py") != nil {
          try add("\(root)/\(name).py", as: self.place("\(root)/\(name).py", place))
          break
        }
        if Files.isDirectory("\(root)/\(name)"), Self.hasPython("\(root)/\(name)") {
          try add(package: "\(root)/\(name)", as: place)
          break
        }
      }
    }
  }

  private mutating func follow(shell text: String, under place: String) throws(FormatError) {
    for word in Self.inputWords(of: text) {
      for name in [word] + (word.cut(at: "=").map { [$0.1] } ?? []) where !name.isEmpty {
        let path = RecipePath.absolute(name, from: processes.directory)
        if Self.isReadable(path), !Self.isOfSystem(path) {
          try add(path, as: self.place(path, place))
        }
      }
    }
  }

  /// What a file that is found on the way is called: the reward's key and its path from the
  /// reward's directory.
  private func place(_ path: String, _ place: String) -> String {
    let key = place.split(bytes: "/").first ?? place
    return "\(key)/\(RecipePath.relative(path, to: processes.directory))"
  }

  // MARK: Python and shell

  /// Where Python looks behind the folder of what it runs; installed packages are not followed.
  private var searchPath: [String] {
    let named = environment["PYTHONPATH"]?.split(separator: ":") ?? []
    return [processes.directory]
      + named.map { RecipePath.absolute(String($0), from: processes.directory) }
      .filter { !$0.contains("-packages") }
  }

  /// The first parts of the names of the modules that a source imports from anywhere but its package.
  static func imports(in text: String) -> [String] {
    var names: [Substring] = []
    for line in text.split(whereSeparator: \.isNewline) {
      for statement in line.split(whereSeparator: { ";:".contains($0) }) {
        let words = statement.split(whereSeparator: \.isWhitespace)
        if words.first == "import" {
          names += words.dropFirst().joined(separator: " ").split(separator: ",").compactMap {
            $0.split(separator: " ").first
          }
        } else if words.first == "from", words.count > 2, words[2].hasPrefix("import") {
          names.append(words[1])
        }
      }
      for call in ["import_module(", "__import__("] {
        guard let start = line.firstRange(of: call)?.upperBound else { continue }
        let argument = line[start...].drop { $0.isWhitespace }
        guard let quote = argument.first, "\"'".contains(quote) else { continue }
        names.append(argument.dropFirst().prefix { $0 != quote })
      }
    }
    var seen: Set<String> = []
    return names.compactMap { name in
      guard !name.hasPrefix("."), let first = name.split(separator: ".").first,
        first.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }),
        seen.insert(String(first)).inserted
      else { return nil }
      return String(first)
    }
  }

  /// The words of a shell script that may name what it reads: not those that it writes to.
  static func inputWords(of text: String) -> [String] {
    var (words, word, isOutput): ([String], String, Bool) = ([], "", false)
    func isSeparator(_ character: Character) -> Bool {
      character.isWhitespace || "\"'`;|&()<>".contains(character)
    }
    let lines = text.split(separator: "\n").filter { line in
      line.first { !$0.isWhitespace } != "#"
    }
    for character in lines.joined(separator: "\n") + "\n" {
      guard isSeparator(character) else {
        word.append(character)
        continue
      }
      if !word.isEmpty {
        if !isOutput { words.append(word) }
        (word, isOutput) = ("", false)
      }
      if character == ">" { isOutput = true }
    }
    return words
  }

  private static let largestScript = 1 << 20
  private static let mostFiles = 10_000

  private static func hasPython(_ folder: String) -> Bool { !pythonFiles(in: folder).isEmpty }

  /// What nobody here may read, Python cannot import either.
  private static func pythonFiles(in folder: String) -> [String] {
    var (found, folders) = ([String](), [folder])
    while let next = folders.popLast(), found.count < mostFiles {
      for name in (try? Files.names(in: next)) ?? []
      where !name.hasPrefix(".") && name != "__pycache__" {
        let path = "\(next)/\(name)"
        if name.hasSuffix(".py"), isReadable(path) {
          found.append(path)
        } else if Files.isOwnDirectory(path) {
          folders.append(path)
        }
      }
    }
    return found
  }

  private static func isReadable(_ path: String) -> Bool {
    Files.size(path) != nil && FileManager.default.isReadableFile(atPath: path)
  }

  private static func isOfSystem(_ path: String) -> Bool {
    ["/usr/", "/bin/", "/sbin/", "/lib", "/dev/", "/proc/", "/sys/"].contains {
      path.hasPrefix($0)
    }
  }

  private static func name(_ path: String) -> String {
    path.split(bytes: "/").last ?? path
  }
}

package import Formats
internal import Foundation
package import Recipes
internal import RewardPlugins

/// What the scores of a reward of one's own depend on, as far as it can be told without starting it.
///
/// Those are the files that a command's words name, and the words of shell scripts among them, from
/// the reward's directory, the script's own or one that a word names; the files of a directory that is
/// named; a Python function's file and what that imports from beside it, from PYTHONPATH or out of its
/// package; files that texts of `arguments` and `env` name; and the values of other variables.
/// What programs open by names of their own is unknown.
package struct RewardInputs {
  package private(set) var files: [(field: String, path: String)] = []
  /// Variables that are set, or handed on from this program's environment.
  package private(set) var variables: [(field: String, name: String, value: String)] = []
  /// Whether something is named that is not among ``files``: by a variable that is not known, or a
  /// directory that holds too much.
  package private(set) var readsUnknown = false
  private let field: String
  /// The reward's directory.
  private let ownDirectory: String
  private let environment: [String: String]
  private var followed: Set<ByteKey> = []
  private var fields: Set<ByteKey> = []
  /// Where relative names count from: the reward's directory, those of scripts, and those that words
  /// name.
  private var folders: [String]

  package init(_ field: String, of command: Recipe.Command) throws(FormatError) {
    try self.init(field, command.options)
    // Programs found in PATH belong to the system.
    let isLookedUp = command.arguments.first.map { !$0.utf8.contains(UInt8(ascii: "/")) } ?? false
    for (index, word) in command.arguments.enumerated().dropFirst(isLookedUp ? 1 : 0) {
      let place = "\(field).command.\(index)"
      try add(word: word, as: place)
      if word.contains(where: \.isWhitespace) {
        try follow(shell: word, under: place)
        try follow(python: word, under: place, beside: [])
      }
    }
    try addModules(of: command.arguments) { "\(field).command.\($0)" }
  }

  package init(_ field: String, of function: Recipe.PythonFunction) throws(FormatError) {
    try self.init(field, function.options)
    let place = function.function.split(separator: ":").dropLast().joined(separator: ":")
    if place.hasSuffix(".py") {
      let path = RecipePath.absolute(place, from: ownDirectory)
      if Files.size(path) != nil { try add(path, as: "\(field).python") }
    } else {
      try add(module: place, as: "\(field).python")
    }
    if let arguments = function.arguments {
      try add(texts: .object(arguments), as: "\(field).arguments")
    }
  }

  private init(_ field: String, _ options: PluginOptions) throws(FormatError) {
    self.field = field
    ownDirectory = options.directory ?? FileManager.default.currentDirectoryPath
    folders = [ownDirectory]
    let own = ProcessInfo.processInfo.environment
    environment = options.environment(from: own)
    for variable in options.environment {
      let place = "\(field).env.\(variable.name)"
      guard let value = variable.value ?? own[variable.name] else { continue }
      variables.append((place, variable.name, value))
      let path = RecipePath.absolute(value, from: ownDirectory)
      if variable.value == nil || value.isEmpty { continue }
      if FoundFiles.isReadable(path) {
        files.append(("\(place)/\(Self.name(path))", path))
      } else if Files.isDirectory(path) {
        try add(directory: path, as: place)
      }
    }
  }

  // MARK: What names a file

  /// A word of a command: a file, one within it such as behind the `=` of an option, or a directory.
  private mutating func add(word: String, as place: String) throws(FormatError) {
    for name in Self.parts(of: word) {
      for folder in folders {
        let path = RecipePath.absolute(name, from: folder)
        if FoundFiles.isReadable(path) {
          try add(path, as: folder == ownDirectory ? place : self.place(path, place))
        } else if Files.isDirectory(path) {
          try add(directory: path, as: place)
        }
      }
    }
  }

  private mutating func add(texts json: JSON, as place: String) throws(FormatError) {
    switch json {
    case .string(let text):
      if text.isEmpty { return }
      let path = RecipePath.absolute(text, from: ownDirectory)
      if FoundFiles.isReadable(path) {
        try add(path, as: place)
      } else if Files.isDirectory(path) {
        try add(directory: path, as: place)
      }
    case .array(let items):
      for (index, item) in items.enumerated() { try add(texts: item, as: "\(place).\(index)") }
    case .object(let object):
      for (key, value) in object.entries { try add(texts: value, as: "\(place).\(key)") }
    default: break
    }
  }

  /// A module by its dotted name: its file, or every file of the package that it lies in.
  private mutating func add(module name: String, as place: String) throws(FormatError) {
    let parts = name.split(separator: ".").map(String.init)
    guard let first = parts.first else { return }
    for root in folders + searchPath {
      if parts.count == 1, Files.size("\(root)/\(first).py") != nil {
        try add("\(root)/\(first).py", as: place)
        continue
      }
      let package = "\(root)/\(first)"
      guard Files.isDirectory(package), FoundFiles.hasPython(package) else { continue }
      let stem = "\(root)/\(parts.joined(separator: "/"))"
      if let main = ["\(stem).py", "\(stem)/__init__.py"].first(where: { Files.size($0) != nil }) {
        try add(main, as: place)
      }
      try add(package: package, as: place)
    }
  }

  /// What stands behind `-m`, in one word with it or in the next, be there an interpreter or not.
  private mutating func addModules(
    of words: [String], as place: (Int) -> String
  ) throws(FormatError) {
    for (index, word) in words.enumerated() where word.hasPrefix("-") && !word.hasPrefix("--") {
      guard let (letters, module) = String(word.dropFirst()).cut(at: "m"),
        letters.allSatisfy(\.isLetter)
      else { continue }
      if !module.isEmpty {
        try add(module: module, as: place(index))
      } else if index + 1 < words.count {
        try add(module: words[index + 1], as: place(index + 1))
      }
    }
  }

  private mutating func add(package folder: String, as place: String) throws(FormatError) {
    for path in FoundFiles.files(in: folder, ending: ".py") {
      try add(path, as: self.place(path, place))
    }
  }

  /// The files of a directory, in which further names may count, too.
  ///
  /// One that holds the reward's own holds everything, runs included; and what is in a large one is
  /// left alone.
  private mutating func add(directory: String, as place: String) throws(FormatError) {
    if FoundFiles.isOfSystem(directory + "/") || !followed.insert(ByteKey(directory)).inserted {
      return
    }
    let isAbove = (ownDirectory + "/").utf8.starts(with: "\(directory)/".utf8)
    if isAbove || directory == environment["HOME"] || directory == environment["TMPDIR"] {
      readsUnknown = true
      return
    }
    if !folders.contains(directory) { folders.append(directory) }
    let files = FoundFiles.files(in: directory)
    let bytes = files.reduce(0) { $0 + (Files.size($1) ?? 0) }
    if files.count > Self.mostFiles || bytes > Self.mostBytes {
      readsUnknown = true
      return try add(package: directory, as: place)
    }
    for path in files { try add(path, as: self.place(path, place)) }
  }

  /// A file, and what its text says that it reads in turn.
  private mutating func add(_ path: String, as place: String) throws(FormatError) {
    guard followed.insert(ByteKey(path)).inserted else { return }
    // A key that names a file already leads to this one.
    let isNew = fields.insert(ByteKey(place)).inserted
    files.append((isNew ? place : self.place(path, place), path))
    guard let size = Files.size(path), size <= Self.largestScript else { return }
    let text = String(
      decoding: try Files.read(path, maximumBytes: Self.largestScript), as: UTF8.self)
    let head = text.prefix { !$0.isNewline }
    let runner = head.hasPrefix("#!") ? String(head) : ""
    let isShell = runner.split(whereSeparator: { $0.isWhitespace || $0 == "/" })
      .contains { $0.hasSuffix("sh") }
    // A name without an ending and without a first line says nothing of its language.
    let isAny = runner.isEmpty && !Self.name(path).contains(".")
    // Python looks in the directory of a link's target.
    let beside = [path, FoundFiles.resolved(path)].map { RecipePath.directory(of: $0) }
    if path.hasSuffix(".py") || runner.contains("python") || isAny {
      try follow(python: text, under: place, beside: beside)
    }
    if path.hasSuffix(".sh") || isShell || isAny {
      for folder in beside where !folders.contains(folder) { folders.append(folder) }
      let script = String(text.dropFirst(runner.count))
      try follow(shell: script, under: place)
      try follow(python: script, under: place, beside: beside)
    }
  }

  /// What Python imports, and programs that it names.
  ///
  /// - Parameter beside: Where it looks first.
  private mutating func follow(
    python text: String, under place: String, beside: [String]
  ) throws(FormatError) {
    let source = PythonSource(text)
    var roots = beside + folders + searchPath
    if text.contains("sys.path") {
      // sys.path is usually extended by folders here or further up.
      roots += beside.flatMap { folder in
        let above = RecipePath.directory(of: folder)
        return [above, RecipePath.directory(of: above)]
      }
      for literal in source.literals {
        for root in roots where roots.count < Self.mostRoots {
          let path = RecipePath.absolute(literal, from: root)
          if !roots.contains(path), Files.isDirectory(path) { roots.append(path) }
        }
      }
    }
    for literal in source.literals where [".py", ".sh", ".so"].contains(where: literal.hasSuffix) {
      for root in beside + folders {
        let path = RecipePath.absolute(literal, from: root)
        if FoundFiles.isReadable(path) { try add(path, as: self.place(path, place)) }
      }
    }
    for name in source.imports {
      for root in roots {
        if Files.size("\(root)/\(name).py") != nil {
          try add("\(root)/\(name).py", as: self.place("\(root)/\(name).py", place))
        } else if Files.isDirectory("\(root)/\(name)"), FoundFiles.hasPython("\(root)/\(name)") {
          try add(package: "\(root)/\(name)", as: place)
        }
      }
    }
  }

  private mutating func follow(shell text: String, under place: String) throws(FormatError) {
    let shell = ShellWords(text, environment: environment)
    if shell.runsUnknown { readsUnknown = true }
    for word in shell.words {
      for part in Self.parts(of: word.text) {
        let isThere = try add(shellPart: part, word.isPlace, place)
        if !isThere && Self.isPathWithHole(part) { readsUnknown = true }
      }
    }
    let key = place.split(bytes: "/").first ?? place
    try addModules(of: shell.words.map(\.text)) { _ in key }
  }

  /// Whether a part of a shell's word names something that is there.
  private mutating func add(
    shellPart part: String, _ isPlace: Bool, _ place: String
  ) throws(FormatError) -> Bool {
    var isThere = false
    for name in Self.names(of: part, home: environment["HOME"]) {
      for folder in folders {
        let path = RecipePath.absolute(name, from: folder)
        if FoundFiles.isReadable(path) {
          isThere = true
          if !FoundFiles.isOfSystem(path) { try add(path, as: self.place(path, place)) }
        } else if Files.isDirectory(path) {
          isThere = true
          if isPlace {
            if !folders.contains(path) { folders.append(path) }
          } else if !folders.contains(path) {
            try add(directory: path, as: place)
          }
        }
      }
    }
    return isThere
  }

  /// What a file that is found on the way is called: the reward's key and its path from the
  /// reward's directory.
  private func place(_ path: String, _ place: String) -> String {
    let key = place.split(bytes: "/").first ?? place
    return "\(key)/\(RecipePath.relative(path, to: ownDirectory))"
  }

  /// Where Python looks behind the folder of what it runs; installed packages are not followed.
  private var searchPath: [String] {
    let named = environment["PYTHONPATH"]?.split(separator: ":") ?? []
    return named.map { RecipePath.absolute(String($0), from: ownDirectory) }
      .filter { !$0.contains("-packages") }
  }

  // MARK: Names within words

  /// A word, and what it may be made of: `--table=FILE`, `DIRECTORY:DIRECTORY`; not so a text.
  private static func parts(of word: String) -> [String] {
    if word.contains(where: \.isWhitespace) { return [word] }
    let parts = word.split(whereSeparator: { "=:,".contains($0) }).map(String.init)
    let behind = word.cut(at: "=").map { [$0.after] } ?? []
    return ([word] + behind + (parts.count > 1 ? parts : [])).filter { !$0.isEmpty }
  }

  /// The names that a part of a shell's word may be: behind a hole, whatever its path goes on with.
  private static func names(of part: String, home: String?) -> [String] {
    guard let hole = part.lastIndex(of: ShellWords.hole) else {
      return [part.hasPrefix("~/") ? (home ?? "~") + part.dropFirst() : part]
    }
    let steps = part[part.index(after: hole)...].split(
      separator: "/", omittingEmptySubsequences: false
    ).dropFirst().filter { !$0.isEmpty }
    let ends = steps.indices.map { steps[$0...].joined(separator: "/") }
    let first = part.firstIndex(of: ShellWords.hole) ?? hole
    let start = part[..<first].lastIndex(of: "/").map { String(part[..<$0]) }
    return ends + [start].compactMap(\.self).filter { !$0.isEmpty }
  }

  /// Whether the part of a shell's word looks like a file's name, some of which is not known.
  private static func isPathWithHole(_ part: String) -> Bool {
    guard let hole = part.lastIndex(of: ShellWords.hole) else { return false }
    let end = part[part.index(after: hole)...]
    let ending = end.split(separator: ".", omittingEmptySubsequences: false).last ?? ""
    return end.hasPrefix("/") && end.count > 1
      || end.hasPrefix(".") && !ending.isEmpty && ending.allSatisfy(\.isLetter)
  }

  private static let largestScript = 1 << 20
  private static let mostFiles = 1000
  private static let mostBytes = 256 << 20
  private static let mostRoots = 100

  private static func name(_ path: String) -> String {
    path.split(bytes: "/").last ?? path
  }
}

import Formats
import Foundation
import Recipes
import RewardPlugins
import TestSupport
import Testing
import Training

/// What is known of a reward's files without starting it.
@Suite(.inTurn) struct RewardInputsTests {
  private let small: SmallRecipe

  init() throws { small = try SmallRecipe() }

  private func write(_ files: [String: String]) throws {
    for (name, text) in files {
      let folder = (small.directory + "/" + name as NSString).deletingLastPathComponent
      try Files.createDirectory(folder)
      try small.write(name, text)
    }
  }

  /// The reward of a recipe's line, and what it is known to read: fields behind `rewards.0.`, and
  /// paths in the directory.
  private func inputs(_ reward: String, unknown: Bool = false) throws -> [String: String] {
    let recipe = try small.recipe("run", "rewards=[\(reward)]", "warm_start=null")
    let inputs: RewardInputs
    switch recipe.rewards[0].source {
    case .command(var command):
      command.options.directory = small.directory
      inputs = try RewardInputs("rewards.0", of: command)
    case .python(var function):
      function.options.directory = small.directory
      inputs = try RewardInputs("rewards.0", of: function)
    default:
      Issue.record("\(reward) is no plug-in")
      return [:]
    }
    #expect(inputs.readsUnknown == unknown, "\(reward)")
    #expect(Set(inputs.files.map(\.field)).count == inputs.files.count, "\(inputs.files)")
    var found: [String: String] = [:]
    for (field, path) in inputs.files {
      found[String(field.dropFirst("rewards.0.".count))] = String(
        path.dropFirst(small.directory.count + 1))
    }
    for variable in inputs.variables {
      found[String(variable.field.dropFirst("rewards.0.".count))] = "= " + variable.value
    }
    return found
  }

  @Test func aFunctionsModuleIsLookedForWherePythonLooks() throws {
    defer { small.remove() }
    try write([
      "s.py": "import json, helper as h\nfrom pk import f\n", "helper.py": "import table.rows",
      "table/rows.py": "", "pk/__init__.py": "from .s import f", "pk/s.py": "import other",
      "pk/deep/x.py": "", "pk/__pycache__/s.py": "", "lib/m.py": "import below", "lib/below.py": "",
      "other.py": "", "unused.py": "", "sub/t.py": "import beside", "sub/beside.py": "",
    ])
    let package = [
      "python": "pk/__init__.py", "python/pk/s.py": "pk/s.py",
      "python/pk/deep/x.py": "pk/deep/x.py",
      "python/other.py": "other.py",
    ]
    #expect(try inputs("{ python: \"pk:f\" }") == package)
    #expect(
      try inputs("{ python: \"pk.s:f\" }").filter { $0.key != "python/pk/__init__.py" }
        == [
          "python": "pk/s.py", "python/pk/deep/x.py": "pk/deep/x.py", "python/other.py": "other.py",
        ])
    let script = [
      "python": "s.py", "python/helper.py": "helper.py", "python/table/rows.py": "table/rows.py",
      "python/pk/__init__.py": "pk/__init__.py", "python/pk/s.py": "pk/s.py",
      "python/pk/deep/x.py": "pk/deep/x.py", "python/other.py": "other.py",
    ]
    #expect(try inputs("{ python: \"s.py:f\" }") == script)
    #expect(try inputs("{ python: \"s:f\" }") == script)
    #expect(
      try inputs("{ python: \"sub/t.py:f\" }")
        == ["python": "sub/t.py", "python/sub/beside.py": "sub/beside.py"])
    #expect(
      try inputs("{ python: \"m:f\", env: { PYTHONPATH: \"none:lib\" } }")
        == [
          "python": "lib/m.py", "python/lib/below.py": "lib/below.py",
          "env.PYTHONPATH": "= none:lib",
        ])
    #expect(try inputs("{ python: \"installed.somewhere:f\" }") == [:])
  }

  @Test func textsThatNameFilesAndVariablesCount() throws {
    defer { small.remove() }
    try write(["s.py": "", "table.json": "{}", "rows.csv": ""])
    let home = try #require(ProcessInfo.processInfo.environment["PATH"])
    #expect(
      try inputs(
        "{ python: \"s.py:f\", arguments: { path: table.json, more: [x, rows.csv], n: 3 }, "
          + "env: { PATH: null, TABLE: table.json, EMPTY: \"\", GRPO_NOT_SET: null } }")
        == [
          "python": "s.py", "arguments.path": "table.json", "arguments.more.1": "rows.csv",
          "env.PATH": "= " + home, "env.TABLE": "= table.json",
          "env.TABLE/table.json": "table.json", "env.EMPTY": "= ",
        ])
  }

  @Test func wordsOfACommandNameFiles() throws {
    defer { small.remove() }
    try write([
      "s.py": "import helper", "helper.py": "", "t.json": "", "pkgdir/__main__.py": "",
      "pkgdir/more.py": "", "rows/a.py": "",
      "run.sh": "#!/bin/sh\nexec python3 s.py <t.json >log\n",
      "log": "",
    ])
    let script = ["command.1": "s.py", "command.1/helper.py": "helper.py"]
    #expect(
      try inputs("{ command: [python3, s.py, --verbose, rows] }")
        == script.merging(["command.3/rows/a.py": "rows/a.py"]) { $1 })
    #expect(
      try inputs("{ command: [python3, s.py, --table=t.json] }")
        == script.merging(["command.2": "t.json"]) { $1 })
    let module = ["command.2": "s.py", "command.2/helper.py": "helper.py"]
    #expect(try inputs("{ command: [python3, -m, s] }") == module)
    #expect(
      try inputs("{ command: [python3, pkgdir] }")
        == [
          "command.1/pkgdir/__main__.py": "pkgdir/__main__.py",
          "command.1/pkgdir/more.py": "pkgdir/more.py",
        ])
    #expect(
      try inputs("{ command: [sh, -c, \"T=t.json exec /usr/bin/env python3 's.py' 2>log\"] }")
        == [
          "command.2/t.json": "t.json", "command.2/s.py": "s.py",
          "command.2/helper.py": "helper.py",
        ])
    #expect(
      try inputs("{ command: [./run.sh] }")
        == [
          "command.0": "run.sh", "command.0/s.py": "s.py", "command.0/helper.py": "helper.py",
          "command.0/t.json": "t.json",
        ])
    #expect(
      try inputs("{ command: [python3, -c, \"import s; s.main()\"] }")
        == ["command.2/s.py": "s.py", "command.2/helper.py": "helper.py"])
    #expect(try inputs("{ command: [sh, -c, \"echo 1\"] }") == [:])
  }

  /// Whether the reward is known to read `path`.
  private func reads(_ path: String, _ reward: String, unknown: Bool = false) throws -> Bool {
    try inputs(reward, unknown: unknown).values.contains(path)
  }

  @Test(arguments: [
    "python3, -m, s", "python3, -um, s", "python3, -ms", "env, python3, -m, s",
    "nice, -n, '5', python3, s.py", "bash, -c, \"python3 -m s\"",
    "bash, -c, 'exec python3 \"my s.py\"'",
    "sh, -c, \"python3 -c 'import s; s.f()'\"", "./m.sh", "./pwd.sh", "sh, bare", "python3, bare",
    "./options.sh", "python3, link.py", "./link.sh", "python3, runner.py",
  ])
  func theScriptIsFoundHoweverItIsStarted(words: String) throws {
    defer { small.remove() }
    try write([
      "s.py": "", "my s.py": "import s", "m.sh": "exec python3 -u -m s\n",
      "pwd.sh": "D=$(pwd)\nexec python3 \\\n  $D/s.py\n", "bare": "import s\nexec python3 s.py",
      "options.sh": "#!/bin/sh -e\npython3 <<'E'\nimport s\nE\n",
      "real/main.py": "import t", "real/t.py": "import s",
      "real/main.sh": "exec python3 \"$(dirname \"$(readlink -f \"$0\")\")/t.py\"",
      "runner.py": "import runpy\nrunpy.run_path('s.py')",
    ])
    for (name, target) in [("link.py", "real/main.py"), ("link.sh", "real/main.sh")] {
      try FileManager.default.createSymbolicLink(
        atPath: "\(small.directory)/\(name)", withDestinationPath: target)
    }
    #expect(try reads("s.py", "{ command: [\(words)] }"))
  }

  @Test(arguments: [
    "w/dirname.sh", "w/cd.sh", "w/braces.sh", "w/back.sh", "w/set.sh", "w/deep/up.sh",
  ])
  func aShellScriptsOwnFolderCounts(script: String) throws {
    defer { small.remove() }
    try write([
      "w/s.py": "import helper", "w/helper.py": "",
      "w/dirname.sh": "exec python3 \"$(dirname \"$0\")/s.py\"",
      "w/cd.sh": "cd \"$(dirname \"$0\")\" || exit 1\nexec python3 s.py",
      "w/braces.sh": "exec python3 \"${0%/*}\"/s.py", "w/back.sh": "exec python3 `dirname $0`/s.py",
      "w/set.sh": "here=$(cd \"$(dirname \"$0\")\" && pwd)\nexec python3 -m s --root \"$here\"",
      "w/deep/up.sh": "exec python3 \"$(dirname \"$0\")/../s.py\"",
    ])
    #expect(try reads("w/s.py", "{ command: [./\(script)] }"))
    #expect(try reads("w/helper.py", "{ command: [sh, \(script)] }"))
  }

  @Test func directoriesThatWordsNameCount() throws {
    defer { small.remove() }
    try write([
      "w/s.py": "", "s.py": "", "only/t.json": "", "only/deep/u.json": "", "only/run/lock": "",
      "only/run/recipe.yaml": "", "only/__pycache__/t.pyc": "", "only/.t": "",
    ])
    #expect(
      try inputs("{ command: [bash, -c, \"cd w && exec python3 s.py\"] }")
        == ["command.2/s.py": "s.py", "command.2/w/s.py": "w/s.py"])
    #expect(try reads("w/s.py", "{ command: [env, -C, w, python3, s.py] }"))
    let tables = ["only/t.json": "only/t.json", "only/deep/u.json": "only/deep/u.json"]
    func under(_ key: String) -> [String: String] {
      [String: String](uniqueKeysWithValues: tables.map { ("\(key)/\($0)", $1) })
    }
    #expect(
      try inputs("{ command: [python3, s.py, --tables, only] }")
        == under("command.3").merging(["command.1": "s.py"]) { $1 })
    #expect(
      try inputs("{ python: \"s.py:f\", arguments: { tables: only }, env: { TABLES: only/deep } }")
        == [
          "python": "s.py", "arguments.tables/only/t.json": "only/t.json",
          "env.TABLES": "= only/deep",
          "env.TABLES/only/deep/u.json": "only/deep/u.json",
        ])
    // It holds all there is, runs included.
    #expect(
      try inputs("{ command: [python3, s.py, .] }", unknown: true) == ["command.1": "s.py"])
    try Files.createDirectory(small.directory + "/many")
    for number in 0...1000 { try small.write("many/\(number)", "") }
    try small.write("many/m.py", "")
    #expect(
      try inputs("{ command: [python3, s.py, many] }", unknown: true)
        == ["command.1": "s.py", "command.2/many/m.py": "many/m.py"])
  }

  @Test(arguments: [
    ("exec python3 \"$SCORER\"", true), ("exec python3 \"$WHERE/t.py\"", true),
    ("S=$(cat which)\nexec python3 $S", true), ("exec $(cat which)", true), (". \"$D/env\"", true),
    ("exec python3 s.py \"$@\"", false), ("while read -r line; do echo \"$line\"; done", false),
    ("n=$(printf %s \"$1\" | wc -c); echo \"[$n, $n.5]\"", false),
    ("exec python3 \"$HERE/s.py\"", false), ("cd \"$(dirname \"$0\")\" && exec ./s.py", false),
  ])
  func whatAShellReadsByAnUnknownNameIsUnknown(script: String, isUnknown: Bool) throws {
    defer { small.remove() }
    try write(["run.sh": script, "here/s.py": "", "s.py": "", "which": ""])
    _ = try inputs("{ command: [./run.sh], env: { HERE: here } }", unknown: isUnknown)
  }

  @Test(arguments: [
    "import os, \\\n h", "from h \\\r\n import f", "\u{FEFF}import h", "exec('import h')",
    "import importlib\nimportlib.import_module(\n  'h')", "try:\n\timport h as g\nexcept: pass",
    "sys.path.append(os.path.join(os.path.dirname(__file__), \"only\"))\nimport x",
    "sys.path.insert(0, str(Path(__file__).parent / 'only' / 'deep'))\nimport y",
    "__import__('a'); __import__('h')", "subprocess.Popen(['python3', 'h.py'])",
  ])
  func whatASourceImportsIsFound(source: String) throws {
    defer { small.remove() }
    try write(["s.py": source, "only/x.py": "import h", "only/deep/y.py": "import h", "h.py": ""])
    #expect(try reads("h.py", "{ python: \"s.py:f\" }"))
  }
}

import Formats
import Foundation
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
  private func inputs(_ reward: String) throws -> [String: String] {
    let recipe = try small.recipe("run", "rewards=[\(reward)]", "warm_start=null")
    let inputs: RewardInputs
    switch recipe.rewards[0].source {
    case .command(var command):
      command.processes.directory = small.directory
      inputs = try RewardInputs("rewards.0", of: command)
    case .python(var function):
      function.processes.directory = small.directory
      inputs = try RewardInputs("rewards.0", of: function)
    default:
      Issue.record("\(reward) is no plug-in")
      return [:]
    }
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
    #expect(try inputs("{ command: [python3, s.py, --verbose, rows] }") == script)
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
}

import Formats
import Foundation
import Synchronization
import Testing

/// Prompts typed at a terminal.
@Suite struct LineEditorTests {
  /// Keys, and the prompt that they make.
  private static let cases = [
    ("abc\u{1B}[D\u{1B}[DX", "aXbc"), ("abc\u{1B}[D\u{1B}[D\u{1B}[CX", "abXc"),
    ("abc\u{1B}[HX\u{1B}[FY", "XabcY"), ("abc\u{1}X\u{5}Y", "XabcY"), ("abc\u{1B}OHX", "Xabc"),
    ("abc\u{1B}[1~X\u{1B}[4~Y", "XabcY"), ("abc\u{7F}\u{8}X", "aX"),
    ("abc\u{1}\u{4}\u{1B}[3~X", "Xc"), ("one two \u{17}X", "one X"), ("abc\u{2}\u{B}", "ab"),
    ("abc\u{2}\u{15}", "c"), ("é日本\u{7F}", "é日"), ("日本\u{1B}[DX", "日X本"),
    ("e\u{301}\u{7F}a", "a"), ("\u{7F}\u{1B}[D\u{1B}[Cx", "x"), ("a\u{1B}[99;5~b\u{7}c", "abc"),
    ("new\u{1B}[A", "abc"), ("new\u{1B}[A\u{1B}[A\u{1B}[Ay", "ay"), ("new\u{1B}[A\u{1B}[B", "new"),
    ("gone\u{3}kept", "kept"),
  ]

  @Test func keysEditTheLineAndLinesComeBack() async throws {
    let folder = try Workspace()
    _ = try await GrpoProgram.run("sft", "recipe.yaml", "-q", in: folder)
    let (terminal, line) = try PseudoTerminal.open(columns: 60)
    defer { close(terminal) }
    let streams = try GrpoProgram.Streams(in: folder)
    let process = try await GrpoProgram.start(
      ["sample", "--model", "run/warm-start/model", "--json", "--max-completion-length", "1"],
      in: folder.path, environment: ["TERM": "xterm"], input: line, output: streams.output,
      errors: line)
    try line.close()
    let shown = Mutex<[UInt8]>([])
    Thread.detachNewThread {
      var buffer = [UInt8](repeating: 0, count: 4096)
      while true {
        // SAFETY: the call writes at most as many bytes as there are.
        let count = unsafe read(terminal, &buffer, buffer.count)
        if count <= 0 { return }
        shown.withLock { $0 += buffer.prefix(count) }
      }
    }
    /// Waits for an empty line to be shown, after so many others: until then the terminal edits by
    /// itself.
    func waitForPrompt(after start: Int, lines: Int) async throws {
      try await GrpoProgram.waitUntil(of: process) {
        let text = shown.withLock { String(decoding: $0.dropFirst(start), as: UTF8.self) }
        return text.hasSuffix("\r> \u{1B}[K") && text.count { $0 == "\r\n" } >= lines
      }
    }
    try await waitForPrompt(after: 0, lines: 0)
    for (keys, _) in Self.cases {
      let start = shown.withLock { $0.count }
      let bytes = Array(keys.utf8)
      _ = unsafe write(terminal, bytes, bytes.count)
      _ = unsafe write(terminal, [13], 1)
      try await waitForPrompt(after: start, lines: 1 + keys.count { $0 == "\u{3}" })
    }
    _ = unsafe write(terminal, [4], 1)
    let outcome = try streams.outcome(status: try await GrpoProgram.end(process))
    #expect(outcome.status == 0)
    let prompts = try JSONLines.lines(Array(outcome.output.utf8), file: "output").map {
      $0.object["prompt"]?.string
    }
    #expect(prompts == Self.cases.map(\.1))
    // The terminal is left as it was found.
    var settings = termios()
    #expect(unsafe tcgetattr(terminal, &settings) == 0)
    #expect(settings.c_lflag & tcflag_t(ICANON | ECHO | ISIG) == tcflag_t(ICANON | ECHO | ISIG))
  }
}

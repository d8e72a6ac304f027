import Datasets
import Formats
import Foundation
import Testing

@Suite struct PromptTemplateTests {
  private func fill(_ template: String, _ columns: [String: String] = [:]) throws -> String {
    try PromptTemplate(template).filled { columns[$0] ?? "<\($0)>" }
  }

  private func error(in template: String) -> String {
    do throws(FormatError) {
      _ = try PromptTemplate(template, file: "t.txt")
      return "no error"
    } catch {
      return error.description
    }
  }

  @Test(arguments: [
    ("{question}=", "<question>="),
    ("{a}{b}", "<a><b>"),
    ("{story}\n{question}\nAnswer:", "<story>\n<question>\nAnswer:"),
    ("{{{a}}}", "{<a>}"),
    ("{{a}} is {a}", "{a} is <a>"),
    ("{ a }", "< a >"),
    ("ünïcode {größe} 🙂", "ünïcode <größe> 🙂"),
    ("{e\u{301}}", "<e\u{301}>"),
  ])
  func columnsAreFilledInAndDoubledBracesAreBraces(template: String, text: String) throws {
    let filled = try fill(template)
    #expect(Array(filled.utf8) == Array(text.utf8))
  }

  @Test(arguments: [
    ("{a}", "<a>"), ("{a}\n", "<a>"), ("{a}\n\n", "<a>\n"), ("{a}\r\n", "<a>"), ("{a}\r", "<a>\r"),
    ("{a} ", "<a> "),
  ])
  func exactlyOneFinalNewlineIsDropped(template: String, text: String) throws {
    let filled = try fill(template)
    #expect(Array(filled.utf8) == Array(text.utf8))
  }

  @Test func bracesInAValueAreLeftAlone() throws {
    #expect(try fill("{a}!", ["a": "{b}}"]) == "{b}}!")
  }

  @Test func columnsAreListedOnceInOrderOfFirstUse() throws {
    #expect(try PromptTemplate("{b} {a} {b} {e\u{301}}{\u{E9}}").columns.count == 4)
    #expect(try PromptTemplate("{b} {a} {b}").columns == ["b", "a"])
  }

  @Test(arguments: [
    ("a { b", #"t.txt:1: column 3: "{" is never closed; write {{ for a brace"#),
    ("{a", #"t.txt:1: column 1: "{" is never closed; write {{ for a brace"#),
    ("{a{b}", #"t.txt:1: column 1: "{" is never closed; write {{ for a brace"#),
    ("{a\n}", #"t.txt:1: column 1: "{" is never closed; write {{ for a brace"#),
    ("ok {a}\nnot }", #"t.txt:2: column 5: "}" without a "{"; write }} for a brace"#),
    ("{a}}", #"t.txt:1: column 4: "}" without a "{"; write }} for a brace"#),
    ("x\n{}", #"t.txt:2: column 1: "{}" names no column"#),
    ("{{a}}", "t.txt: no column in the template; need at least one, such as {question}"),
    ("", "t.txt: no column in the template; need at least one, such as {question}"),
  ])
  func aFaultIsNamedWithItsPosition(template: String, message: String) {
    #expect(error(in: template) == message)
  }

  @Test func aByteOrderMarkIsNoPartOfATemplate() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try Files.createDirectory(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Files.writeAtomically(Array("\u{FEFF}{a}=\r\n".utf8), to: folder + "/p.txt")
    let filled = try PromptTemplate(path: folder + "/p.txt").filled { _ in "1" }
    #expect(Array(filled.utf8) == Array("1=".utf8))
  }

  @Test func aMissingFileIsNamed() {
    do throws(FormatError) {
      _ = try PromptTemplate(path: "/nowhere/prompt.txt")
      Issue.record("no error")
    } catch {
      #expect(error.isMissing)
      #expect(error.file == "/nowhere/prompt.txt")
    }
  }
}

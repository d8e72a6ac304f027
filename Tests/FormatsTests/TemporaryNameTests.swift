import Formats
import Testing

@Suite struct TemporaryNameTests {
  @Test(arguments: [
    ("recipe.yaml.tmp-123", "recipe.yaml", false), ("step-000001.tmp-7-old", "step-000001", true),
    ("a.tmp-1.tmp-2", "a.tmp-1", false),
  ])
  func isReadBack(name: String, final: String, standsAside: Bool) throws {
    let found = try #require(TemporaryName(name))
    #expect(found.final == final && found.standsAside == standsAside)
  }

  @Test(arguments: [
    "recipe.yaml", "recipe.yaml.tmp-", "recipe.yaml.tmp-12a", "recipe.yaml.tmp-1-older",
    ".tmp-5", "recipe.yaml.tmp--old", "recipe.yaml.tmp-٣",
  ])
  func otherNamesAreNone(name: String) { #expect(TemporaryName(name) == nil) }

  @Test func namesOfThisProcessAreItsOwn() {
    #expect(TemporaryName(TemporaryName.path(for: "a"))?.final == "a")
    #expect(TemporaryName(TemporaryName.pathAside(for: "a"))?.standsAside == true)
  }
}

import Formats
import Testing

@Suite struct JSONObjectTests {
  @Test func keepsTheOrderOfItsMembers() {
    var object: JSONObject = ["b": 1, "a": 2]
    object["c"] = 3
    object["b"] = 4
    #expect(object.keys == ["b", "a", "c"])
    #expect(object["b"] == 4)
    #expect(object["d"] == nil)
  }

  /// 40 members are looked up in an index, the first few by a scan.
  @Test(arguments: [3, 12, 13, 14, 40])
  func findsEveryMemberHoweverManyThereAre(count: Int) {
    var object = JSONObject((0..<count).map { ("k\($0)", .integer($0)) })
    #expect((0..<count).allSatisfy { object["k\($0)"] == .integer($0) })
    object["k1"] = nil
    #expect(object.count == count - 1)
    #expect(object["k1"] == nil)
    #expect(object["k2"] == 2)
    #expect(object["k\(count - 1)"] == .integer(count - 1))
    object["k1"] = "again"
    #expect(object.keys.last == "k1")
  }

  @Test func keysAreToldApartByTheirBytes() {
    var object: JSONObject = [:]
    object["\u{E9}"] = 1
    object["e\u{301}"] = 2
    #expect(object.count == 2)
    #expect(object["\u{E9}"] == 1)
  }

  @Test func equalityIgnoresTheOrderButNotTheValues() {
    #expect(JSONObject([("a", 1), ("b", 2)]) == JSONObject([("b", 2), ("a", 1)]))
    #expect(JSONObject([("a", 1)]) != JSONObject([("a", 2)]))
    #expect(JSONObject([("a", 1)]) != JSONObject([("b", 1)]))
    #expect(JSONObject([("a", 1)]) != JSONObject([("a", 1), ("b", 2)]))
  }
}

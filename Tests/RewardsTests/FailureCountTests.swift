import Rewards
import Testing

@Suite struct FailureCountTests {
  @Test func aTenthIsNotManyYet() {
    var failures = FailureCount()
    failures.add(["first"] + Array(repeating: nil, count: 9))
    #expect(failures.failed == 1 && failures.count == 10 && !failures.areMany)
    failures.add(["second", nil])
    #expect(failures.failed == 2 && failures.count == 12 && failures.areMany)
  }

  @Test func theFirstReasonIsSaid() {
    var failures = FailureCount()
    failures.add([nil, nil])
    #expect(failures.reason == nil && !failures.areMany)
    failures.add([nil, "first"])
    failures.add(["second"])
    #expect(failures.inWords("rewards") == "2 of 5 rewards failed: first")
  }
}

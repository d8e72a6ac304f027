import PolicyOptimization
import Testing

@Suite struct ReferenceScheduleTests {
  private static func shares(_ schedule: ReferenceSchedule) -> [Double?] {
    (0..<6).map { schedule.share(before: $0, iteration: 2) }
  }

  @Test func theReferenceFollowsAsScheduled() {
    #expect(Self.shares(.reset) == [1, nil, 1, nil, 1, nil])
    #expect(Self.shares(.fixed) == [1, nil, nil, nil, nil, nil])
    #expect(Self.shares(.mix(alpha: 0.6, steps: 3)) == [1, nil, nil, 0.6, nil, nil])
  }

  @Test(arguments: [ReferenceSchedule.reset, .fixed, .mix(alpha: 0.5, steps: 2)])
  func movesAreCounted(schedule: ReferenceSchedule) {
    var moves = 0
    for step in 0..<9 {
      if schedule.share(before: step, iteration: 4) != nil { moves += 1 }
      #expect(schedule.moves(through: step, iteration: 4) == moves)
    }
  }
}

import Foundation
import Kernels
import Synchronization
import Testing

@Suite(.serialized) struct WorkersTests {
  /// Counters that tasks raise.
  private final class Counters: Sendable {
    let counts: Mutex<[Int]>
    init(_ count: Int) { counts = Mutex(Array(repeating: 0, count: count)) }
    func raise(_ i: Int) { counts.withLock { $0[i] += 1 } }
    var values: [Int] { counts.withLock { $0 } }
  }

  @Test(arguments: 1...4) func everyTaskRunsExactlyOnce(count: Int) {
    let workers = Workers(count: count)
    #expect(workers.count == count)
    for tasks in [0, 1, 2, 3, 4, 5, 7, 16, 100, 1000] {
      let (ran, outside) = (Counters(tasks), Counters(1))
      workers.run(tasks) { task, worker in
        ran.raise(task)
        if worker < 0 || worker >= count { outside.raise(0) }
      }
      #expect(ran.values == Array(repeating: 1, count: tasks))
      #expect(outside.values == [0])
    }
  }

  /// A worker's number names its scratch, so no two tasks may run under one at the same time.
  @Test func aWorkerRunsOneTaskAtATime() {
    let workers = Workers(count: 3)
    let (busy, clashes) = (Counters(3), Counters(1))
    for _ in 0..<50 {
      workers.run(30) { _, worker in
        let free = busy.counts.withLock { counts in
          counts[worker] += 1
          return counts[worker] == 1
        }
        if !free { clashes.raise(0) }
        for _ in 0..<100 { _ = busy.values }
        busy.counts.withLock { $0[worker] -= 1 }
      }
    }
    #expect(clashes.values == [0])
  }

  /// A job sees what the one before it wrote, whichever thread wrote it.
  @Test(arguments: [2, 3]) func thousandsOfJobsFollowEachOther(count: Int) {
    let workers = Workers(count: count)
    let jobs = 5000
    let cells = FloatBuffer(count: 8)
    for job in 0..<jobs {
      // Now and then the threads have gone to sleep.
      if job % 1000 == 999 { Thread.sleep(forTimeInterval: 0.002) }
      let tasks = 1 + job % 8
      workers.run(tasks) { task, _ in cells[task] += 1 }
    }
    // Task t runs in the jobs whose number of tasks is above t.
    #expect(cells.values == (0..<8).map { Float(jobs / 8 * (8 - $0)) })
  }

  /// All threads take part when there is enough to do.
  @Test func severalThreadsTakePart() {
    let workers = Workers(count: 2)
    let both = Counters(2)
    // Each task waits for the other worker's first, so one thread alone could not finish.
    workers.run(2) { _, worker in
      both.raise(worker)
      while both.values != [1, 1] { sched_yield() }
    }
    #expect(both.values == [1, 1])
  }

  @Test func theLastReferenceEndsTheThreads() throws {
    // "PROCESS/task/THREAD", which is there for as long as the thread is.
    @Sendable func thread() throws -> String {
      try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
    }
    let arrived = Counters(1)
    let threads = Mutex<Set<String>>([])
    do {
      let workers = Workers(count: 5)
      // Each task waits for all others, so every thread has one.
      workers.run(5) { _, _ in
        threads.withLock { if let thread = try? thread() { $0.insert(thread) } }
        arrived.raise(0)
        while arrived.values[0] < 5 { sched_yield() }
      }
    }
    let ours = threads.withLock { $0 }.subtracting([try thread()])
    #expect(ours.count == 4)
    while ours.contains(where: { FileManager.default.fileExists(atPath: "/proc/" + $0) }) {
      Thread.sleep(forTimeInterval: 0.01)
    }
  }

  @Test func chunksCoverTheRangeOnce() {
    let workers = Workers(count: 2)
    for (range, size) in [(3..<3, 4), (0..<1, 1), (5..<12, 3), (0..<6, 3), (2..<51, 48)] {
      let (counters, wrong) = (Counters(range.upperBound), Counters(1))
      workers.run(range, chunksOf: size) { chunk, _ in
        for i in chunk { counters.raise(i) }
        let isCut = (chunk.lowerBound - range.lowerBound) % size == 0
        if !isCut || chunk.isEmpty || chunk.count > size { wrong.raise(0) }
      }
      #expect(counters.values == (0..<range.upperBound).map { range.contains($0) ? 1 : 0 })
      #expect(wrong.values == [0])
    }
  }
}

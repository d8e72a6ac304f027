internal import CKernels
internal import Foundation
internal import Synchronization

/// Threads that live as long as the engine and share out the tasks of one job at a time.
///
/// A task is a fixed share of the work: which thread runs it, and how many threads there are, cannot
/// change its result. Idle threads spin for about 50 µs, since the next job of a step follows at
/// once, and then sleep.
package final class Workers: Sendable {
  /// Threads that take part, the caller's included.
  package let count: Int
  private let shared: Shared

  package init(count: Int) {
    precondition(count >= 1)
    self.count = count
    shared = Shared(sleepers: count - 1)
    for worker in 1..<max(count, 1) {
      let shared = shared
      let thread = Thread { shared.serve(worker) }
      thread.stackSize = 1 << 20
      thread.start()
    }
  }

  deinit { shared.stop() }

  /// Runs `body(task, worker)` once for each task in 0..<tasks and returns when all have run.
  ///
  /// Two tasks may run at the same time, so they must write to different places. `worker`, below
  /// `count`, names the scratch that belongs to the running thread. Not reentrant.
  package func run(_ tasks: Int, _ body: @Sendable (_ task: Int, _ worker: Int) -> Void) {
    if tasks <= 1 || count == 1 {
      for task in 0..<tasks { body(task, 0) }
      return
    }
    withoutActuallyEscaping(body) { shared.run(tasks, $0) }
  }

  /// Runs `body(chunk, worker)` once for each chunk of `size` that `range` is cut into from its start.
  package func run(
    _ range: Range<Int>, chunksOf size: Int,
    _ body: @Sendable (_ chunk: Range<Int>, _ worker: Int) -> Void
  ) {
    run((range.count + size - 1) / size) { task, worker in
      let first = range.lowerBound + task * size
      body(first..<min(first + size, range.upperBound), worker)
    }
  }

  /// Runs each of `tasks` once, as `run(_:_:)` does.
  package func run(_ tasks: [@Sendable (_ worker: Int) -> Void]) {
    run(tasks.count) { task, worker in tasks[task](worker) }
  }
}

/// What the threads see.
///
/// A job is open from `run` until its tasks are handed out; a thread that comes later finds the
/// gate closed and is not waited for.
private final class Shared: Sendable {
  typealias Body = @Sendable (Int, Int) -> Void

  private static let closed = -1
  private static let awake = 0
  private static let asleep = 1

  private let body = Mutex<Body?>(nil)
  private let generation = Atomic<Int>(0)
  private let stopped = Atomic<Bool>(false)
  private let gate = Atomic<Int>(Shared.closed)  // threads that joined the open job
  private let left = Atomic<Int>(0)  // … and have finished it
  private let next = Atomic<Int>(0)
  private let tasks = Atomic<Int>(0)
  private let sleepers: [Sleeper]

  private final class Sleeper: Sendable {
    let state = Atomic<Int>(Shared.awake)
    let semaphore = DispatchSemaphore(value: 0)
  }

  init(sleepers: Int) { self.sleepers = (0..<sleepers).map { _ in Sleeper() } }

  func run(_ count: Int, _ job: @escaping Body) {
    body.withLock { $0 = job }
    tasks.store(count, ordering: .relaxed)
    next.store(0, ordering: .relaxed)
    left.store(0, ordering: .relaxed)
    gate.store(0, ordering: .releasing)
    wake()
    work(job, worker: 0)
    let joined = gate.exchange(Shared.closed, ordering: .acquiringAndReleasing)
    while left.load(ordering: .acquiring) != joined { ck_pause() }
    body.withLock { $0 = nil }
  }

  func stop() {
    stopped.store(true, ordering: .sequentiallyConsistent)
    wake()
  }

  private func wake() {
    generation.add(1, ordering: .sequentiallyConsistent)
    for sleeper in sleepers
    where sleeper.state.exchange(Shared.awake, ordering: .sequentiallyConsistent) == Shared.asleep {
      sleeper.semaphore.signal()
    }
  }

  private func work(_ job: Body, worker: Int) {
    let count = tasks.load(ordering: .relaxed)
    while true {
      let task = next.add(1, ordering: .relaxed).oldValue
      if task >= count { return }
      job(task, worker)
    }
  }

  func serve(_ worker: Int) {
    let sleeper = sleepers[worker - 1]
    var seen = 0
    while true {
      seen = waitForJob(after: seen, sleeper)
      if stopped.load(ordering: .sequentiallyConsistent) { return }
      if !join() { continue }
      // The gate counts this thread, so the job cannot end before `left` does.
      if let job = body.withLock({ $0 }) { work(job, worker: worker) }
      left.add(1, ordering: .releasing)
    }
  }

  private func join() -> Bool {
    var joined = gate.load(ordering: .acquiring)
    while joined != Shared.closed {
      let (exchanged, original) = gate.weakCompareExchange(
        expected: joined, desired: joined + 1, ordering: .acquiringAndReleasing)
      if exchanged { return true }
      joined = original
    }
    return false
  }

  private func waitForJob(after seen: Int, _ sleeper: Sleeper) -> Int {
    let spinUntil = DispatchTime.now().uptimeNanoseconds + 50_000
    while true {
      for _ in 0..<64 {
        let now = generation.load(ordering: .acquiring)
        if now != seen { return now }
        ck_pause()
      }
      if DispatchTime.now().uptimeNanoseconds > spinUntil { break }
    }
    sleeper.state.store(Shared.asleep, ordering: .sequentiallyConsistent)
    if generation.load(ordering: .sequentiallyConsistent) != seen,
      sleeper.state.exchange(Shared.awake, ordering: .sequentiallyConsistent) == Shared.asleep
    {
      return generation.load(ordering: .sequentiallyConsistent)
    }
    sleeper.semaphore.wait()
    return generation.load(ordering: .sequentiallyConsistent)
  }
}

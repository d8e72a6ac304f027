internal import Dispatch

/// Seconds since it was made.
///
/// What it measures goes to `step_time` and `time/…` only.
struct Stopwatch {
  private let start = DispatchTime.now().uptimeNanoseconds

  var seconds: Double { Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9 }
}

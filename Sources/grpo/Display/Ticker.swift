import Dispatch

/// Time going by, for displays: four times a second.
enum Ticker {
  /// Calls `tick` again and again, until it returns false.
  static func start(_ tick: @escaping @Sendable () -> Bool) {
    DispatchQueue.global().asyncAfter(deadline: .now() + 0.25) {
      if tick() { start(tick) }
    }
  }
}

import Dispatch

/// Time going by, for displays: four times a second.
enum Ticker {
  /// Calls `tick` again and again, until it returns false.
  ///
  /// - Parameter tick: Is told, once, that the run was asked to stop.
  static func start(
    isStopping: Bool = false, _ tick: @escaping @Sendable (_ stops: Bool) -> Bool
  ) {
    DispatchQueue.global().asyncAfter(deadline: .now() + 0.25) {
      let isRequested = Interruption.isRequested
      if tick(isRequested && !isStopping) { start(isStopping: isRequested, tick) }
    }
  }
}

import Foundation
import Synchronization

/// Ctrl-C and SIGTERM: the first one asks the run to stop, the second one ends the program.
enum Interruption {
  private static let count = Atomic<Int>(0)

  static var isRequested: Bool { count.load(ordering: .relaxed) > 0 }

  /// Asks the run to stop, as the first Ctrl-C does.
  static func request() { count.max(1, ordering: .relaxed) }

  static func watch() {
    // Made before a signal can come: a handler must not be the first to touch it.
    count.store(0, ordering: .relaxed)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        if Interruption.count.add(1, ordering: .relaxed).oldValue > 0 { _exit(128 + number) }
      }
    }
  }
}

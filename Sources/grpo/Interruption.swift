import Foundation
import RewardPlugins
import Synchronization
import Training

/// What asks a run to stop, so that it can be resumed.
///
/// The first Ctrl-C or SIGTERM asks, the second one ends the program. The end of the terminal
/// (SIGHUP) asks as well, unless `nohup` has it ignored.
enum Interruption {
  private static let count = Atomic<Int>(0)

  static var isRequested: Bool { count.load(ordering: .relaxed) > 0 }

  /// Asks the run to stop, as the first Ctrl-C does.
  static func request() { count.max(1, ordering: .relaxed) }

  /// How long rewards are waited for once it is requested: 2 s, or what `GRPO_GRACE` says.
  static var patience: Patience {
    let named = ProcessInfo.processInfo.environment["GRPO_GRACE"].flatMap { Double($0) }
    let seconds = named.map { $0 >= 0 && $0 <= PluginOptions.longestTimeout ? $0 : 2 } ?? 2
    return Patience(grace: .seconds(seconds)) { isRequested }
  }

  static func watch() {
    // Made before a signal can come: a handler must not be the first to touch it.
    count.store(0, ordering: .relaxed)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        if Interruption.count.add(1, ordering: .relaxed).oldValue > 0 { _exit(128 + number) }
      }
    }
    // The shell and the system may both send it: the second one means no more than the first.
    if !isIgnored(SIGHUP) { signal(SIGHUP) { _ in Interruption.request() } }
  }

  /// Whether a program that ends with this status was asked to stop.
  static func isStatus(_ code: Int32) -> Bool {
    code == ExitStatus.resumable.rawValue || [SIGINT, SIGTERM].contains(code - 128)
  }
}

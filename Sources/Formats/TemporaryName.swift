import Foundation

/// The name under which something is written before it takes its own.
///
///     recipe.yaml.tmp-4711        will be recipe.yaml
///     step-000123.tmp-4711-old    was step-000123, and stands aside until its successor is there
///
/// The number is the writer's process id, so that two writers never meet. It does not tell whether
/// the writer lives: ids are given again, and mean nothing in another container.
package struct TemporaryName: Sendable, Equatable {
  /// The name that was meant.
  package let final: String
  package let standsAside: Bool

  /// What `name` stands for; nil when it is no temporary name.
  package init?(_ name: String) {
    guard let mark = name.range(of: ".tmp-", options: .backwards), mark.lowerBound > name.startIndex
    else { return nil }
    var number = name[mark.upperBound...]
    standsAside = number.hasSuffix("-old")
    if standsAside { number = number.dropLast(4) }
    guard !number.isEmpty, number.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      return nil
    }
    final = String(name[..<mark.lowerBound])
  }

  /// Where this process writes what will be at `path`.
  package static func path(for path: String) -> String { "\(path).tmp-\(getpid())" }

  /// Where this process puts what is at `path` until its successor is there.
  package static func pathAside(for path: String) -> String { "\(path).tmp-\(getpid())-old" }
}

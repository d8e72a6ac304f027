package import Foundation

/// Folders with fixtures: those copied into the tests, and those under `GRPO_FIXTURES` when the
/// environment names such a directory (same layout: `llama/*/`, `updates/*/`, …).
package func fixtureFolders(_ kind: String, bundle: Bundle) -> [URL] {
  var roots = [bundle.resourceURL?.appendingPathComponent("Fixtures")].compactMap { $0 }
  if let extra = ProcessInfo.processInfo.environment["GRPO_FIXTURES"] {
    roots.append(URL(fileURLWithPath: extra))
  }
  return roots.flatMap { root in
    let names = try? FileManager.default.contentsOfDirectory(
      atPath: root.appendingPathComponent(kind).path)
    return (names ?? []).sorted().map {
      root.appendingPathComponent(kind).appendingPathComponent($0)
    }
  }
}

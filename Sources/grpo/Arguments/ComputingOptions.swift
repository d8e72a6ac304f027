import ArgumentParser
import Foundation

/// How the work is done, which changes no result.
struct ComputingOptions: ParsableArguments {
  @Option(
    name: .customLong("threads"), parsing: .unconditional,
    help: ArgumentHelp("Threads to compute with. (default: one per core)", valueName: "count"))
  var chosenThreads: Int?

  var threads: Int { chosenThreads ?? min(ProcessInfo.processInfo.activeProcessorCount, 256) }

  func validate() throws {
    try Bounds.check("--threads", chosenThreads, 1...256)
  }
}

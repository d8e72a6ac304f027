import Foundation
import Sampling

// swift run Streaming MODEL PROMPT: prints a completion as it is drawn.
let arguments = CommandLine.arguments.dropFirst()
guard arguments.count == 2, let directory = arguments.first, let prompt = arguments.last else {
  print("usage: Streaming MODEL PROMPT")
  exit(64)
}
do {
  let policy = try Policy(directory: directory)
  let options = SamplingOptions(maximumTokens: 64, eosIDs: policy.eosIDs)
  for try await token in policy.stream(prompt, options: options) {
    FileHandle.standardOutput.write(Data(token.text.utf8))
  }
  print()
} catch {
  FileHandle.standardError.write(Data("error: \(error)\n".utf8))
  exit(1)
}

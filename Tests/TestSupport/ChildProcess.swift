import Glibc
internal import Subprocess
internal import Synchronization
internal import SystemPackage

/// A program that a test starts.
///
/// Foundation's `Process` keeps the descriptors that it is given, and once some 1,300 are open it
/// reads past the end of its list of them (`/proc/self/fd`, 256 bytes an entry whatever its length):
/// tests that run side by side ended in a crash now and then.
package final class ChildProcess: Sendable {
  package enum End: Sendable, Hashable {
    case exit(Int32)
    case signal(Int32)
  }

  package let identifier: Int32
  private let life: Task<End, any Error>
  private let isOver: Flag

  private final class Flag: Sendable {
    let isSet = Atomic(false)
  }

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - words: The program, looked for in PATH where it is no path, and its arguments.
  ///   - environment: Its variables; nil for those of this process.
  ///   - input: What it reads; nil for nothing. The descriptors stay open here.
  package init(
    _ words: [String], in folder: String? = nil, environment: [String: String]? = nil,
    input: Int32? = nil, output: Int32 = STDOUT_FILENO, errors: Int32 = STDERR_FILENO
  ) async throws {
    let configuration = Configuration(
      executable: words[0].utf8.contains(UInt8(ascii: "/"))
        ? .path(FilePath(words[0])) : .name(words[0]),
      arguments: Arguments(Array(words.dropFirst())),
      environment: environment.map { variables in
        .custom(
          Dictionary(
            uniqueKeysWithValues: variables.map { (Environment.Key(stringLiteral: $0), $1) }))
      } ?? .inherit,
      workingDirectory: folder.map { FilePath($0) })
    let (starts, start) = AsyncThrowingStream<Int32, any Error>.makeStream()
    let isOver = Flag()
    self.isOver = isOver
    let nothing = input == nil
    let input =
      try input.map { FileDescriptor(rawValue: $0) }
      ?? FileDescriptor.open(FilePath("/dev/null"), .readOnly)
    life = Task {
      defer { isOver.isSet.store(true, ordering: .releasing) }
      do {
        let result = try await run(
          configuration, input: .fileDescriptor(input, closeAfterSpawningProcess: nothing),
          output: .fileDescriptor(
            FileDescriptor(rawValue: output), closeAfterSpawningProcess: false),
          error: .fileDescriptor(
            FileDescriptor(rawValue: errors), closeAfterSpawningProcess: false)
        ) { start.yield($0.processIdentifier.value) }
        switch result.terminationStatus {
        case .exited(let code): return .exit(code)
        case .signaled(let number): return .signal(number)
        }
      } catch {
        start.finish(throwing: error)
        throw error
      }
    }
    var iterator = starts.makeAsyncIterator()
    guard let number = try await iterator.next() else { throw CancellationError() }
    identifier = number
  }

  package var isRunning: Bool { !isOver.isSet.load(ordering: .acquiring) }

  /// Waits for its end.
  package func end() async throws -> End { try await life.value }

  /// Sends a signal, if it still runs.
  package func send(_ signal: Int32) {
    if isRunning { kill(identifier, signal) }
  }
}

public import Formats

/// The readable lines of a log.
///
/// A log is a record, not an input: a damaged one is no error.
public struct LogReading: Sendable {
  /// The objects of the undamaged lines, in their order.
  public private(set) var lines: [JSONObject] = []
  /// The first damaged line, or why the log cannot be read; nil where nothing is wrong.
  public private(set) var problem: FormatError?

  /// The largest log that is read.
  private static let mostBytes = 1 << 30

  /// Reads the log at `path`.
  public init(path: String) {
    if let size = Files.size(path), size > Self.mostBytes {
      problem = FormatError(
        "too large (got \(size) bytes; need at most \(Self.mostBytes))", file: path)
      return
    }
    var lines: [JSONObject] = []
    problem = Self.problem(at: path) { lines.append($0) }
    self.lines = lines
  }

  /// The first damaged line of the log at `path`, of any size, or why it cannot be read; nil where
  /// nothing is wrong.
  ///
  /// - Parameter body: Gets the objects of the undamaged lines.
  public static func problem(
    at path: String, _ body: (JSONObject) -> Void = { _ in }
  ) -> FormatError? {
    var (number, damaged, problem) = (0, 0, FormatError?.none)
    func read(_ line: ArraySlice<UInt8>) {
      number += 1
      do throws(FormatError) {
        body(try object(line, file: path))
      } catch {
        damaged += 1
        if problem == nil {
          problem = error
          problem?.line = number
        }
      }
    }
    // The bytes behind the last line's end so far.
    var rest: [UInt8] = []
    do throws(FormatError) {
      try Files.read(path, blocks: 1 << 20) { block in
        var searched = rest.count
        for i in block.indices { rest.append(block[i]) }
        var start = 0
        while let end = rest[searched...].firstIndex(of: UInt8(ascii: "\n")) {
          read(rest[start..<end])
          (start, searched) = (end + 1, end + 1)
        }
        rest.removeFirst(start)
      }
    } catch {
      return error
    }
    if !rest.isEmpty { read(rest[...]) }
    if damaged > 1 { problem?.message += " (the first of \(damaged) damaged lines)" }
    return problem
  }

  static func object(_ line: ArraySlice<UInt8>, file: String) throws(FormatError) -> JSONObject {
    let value = try JSON(parsing: Array(line), file: file)
    guard let object = value.object else {
      throw FormatError("is not a JSON object", file: file, line: 1)
    }
    return object
  }
}

public import Formats

/// What can be read of a log.
///
/// A log is a record, not an input: nothing that is wrong with one is an error.
public struct LogReading: Sendable {
  /// The objects of the lines that are whole, in their order.
  public private(set) var lines: [JSONObject] = []
  /// What is wrong with the log, with its first damaged line; nil where nothing is.
  public private(set) var problem: FormatError?

  /// The largest log that is read.
  private static let mostBytes = 1 << 30

  /// Reads the log at `path`.
  public init(path: String) {
    let bytes: [UInt8]
    do throws(FormatError) {
      bytes = try Files.read(path, maximumBytes: Self.mostBytes)
    } catch {
      problem = error
      return
    }
    var (start, number, damaged) = (0, 0, 0)
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
      number += 1
      do throws(FormatError) {
        lines.append(try Self.object(bytes[start..<end], file: path))
      } catch {
        damaged += 1
        if problem == nil {
          problem = error
          problem?.line = number
        }
      }
      start = end + 1
    }
    if damaged > 1 { problem?.message += " (the first of \(damaged) damaged lines)" }
  }

  static func object(_ line: ArraySlice<UInt8>, file: String) throws(FormatError) -> JSONObject {
    let value = try JSON(parsing: Array(line), file: file)
    guard let object = value.object else {
      throw FormatError(file: file, line: 1, message: "is no JSON object")
    }
    return object
  }
}

internal import Formats

/// Texts that end a completion, which are no part of it.
///
/// They are looked for by their bytes: what a text means to people ("\r\n" is one character, "é" may
/// be one or two scalars) decides nothing.
struct StopTexts: Sendable {
  let texts: [String]

  /// The text before the first of them; nil where none occurs.
  func cut(_ text: String) -> String? {
    let first = texts.compactMap { text.firstRange(ofBytes: $0)?.lowerBound }.min()
    return first.map { String(text[..<$0]) }
  }

  /// How many of the last bytes may be the beginning of one of them.
  func openBytes(of bytes: ArraySlice<UInt8>) -> Int {
    texts.map { stop in
      let lengths = stride(from: min(stop.utf8.count - 1, bytes.count), to: 0, by: -1)
      return lengths.first { bytes.suffix($0).elementsEqual(stop.utf8.prefix($0)) } ?? 0
    }.max() ?? 0
  }
}

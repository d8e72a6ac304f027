extension [UInt8] {
  /// The bytes of a text in UTF-8 without the byte order mark that some editors put at its head.
  ///
  /// Every text that people write for us passes through here. What programs send, a model's files and
  /// a run's logs, has none.
  package var withoutByteOrderMark: [UInt8] {
    starts(with: [0xEF, 0xBB, 0xBF]) ? Array(dropFirst(3)) : self
  }
}

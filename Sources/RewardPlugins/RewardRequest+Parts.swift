internal import Formats
internal import Rewards

extension RewardRequest {
  /// What `score` says of the parts of a request, at most `count`, at the same time; `score` gets the
  /// number of a part as well.
  ///
  /// - Throws: `CancellationError`, or what the first part throws that throws anything.
  func scored(
    inParts count: Int,
    by score: @escaping @Sendable (Int, RewardRequest) async throws -> RewardResponse
  ) async throws -> RewardResponse {
    let parts = split(into: count)
    let responses = try await withThrowingTaskGroup { group in
      for (index, part) in parts.enumerated() {
        group.addTask { (index, try await score(index, part)) }
      }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    try Task.checkCancellation()
    return parts.indices.compactMap { responses[$0] }
      .reduce(into: RewardResponse(scores: [])) { $0.append($1) }
  }

  /// The names of all columns, in the order in which rows first show them.
  var columnNames: [String] {
    var seen: Set<ByteKey> = []
    return completions.flatMap(\.columns.keys).filter { seen.insert(ByteKey($0)).inserted }
  }

  /// The response that fails every score for one reason.
  func failed(_ reason: String) -> RewardResponse {
    RewardResponse(scores: completions.map { _ in .failed(reason) })
  }

  /// Parts of about one size, at most `count`; the completions of one prompt stay together.
  ///
  /// No part is empty unless all is, and each has all columns of the whole.
  func split(into count: Int) -> [RewardRequest] {
    let all = completions.count
    let ends = completions.indices.dropFirst().filter {
      !completions[$0].prompt.hasSameBytes(as: completions[$0 - 1].prompt)
    }
    var cuts = [0]
    for part in 1..<max(count, 1) {
      // The end of a prompt that is nearest to where equal parts would end.
      let later = ends.filter { $0 > cuts[cuts.count - 1] }
      guard let cut = later.min(by: { abs($0 * count - part * all) < abs($1 * count - part * all) })
      else { break }
      cuts.append(cut)
    }
    let names = columnNames
    return zip(cuts, cuts.dropFirst() + [all]).map { start, end in
      var part = Array(completions[start..<end])
      // A column is sent if one row has it, even as null.
      for name in names where !part.isEmpty && part[0].columns[name] == nil {
        part[0].columns[name] = .null
      }
      return RewardRequest(step: step, completions: part, progress: progress)
    }
  }
}

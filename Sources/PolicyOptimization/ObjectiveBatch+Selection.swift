extension ObjectiveBatch {
  /// The tokens of some completions, named by their numbers, in the order given: a mini-batch.
  public func selecting(_ numbers: [Int]) -> ObjectiveBatch {
    let ranges = numbers.map { completions[$0] }
    func picked<Value>(_ column: [Value]) -> [Value] { ranges.flatMap { column[$0] } }
    var end = 0
    return ObjectiveBatch(
      completions: ranges.map { range in
        defer { end += range.count }
        return end..<end + range.count
      },
      logProb: picked(logProb), oldLogProb: picked(oldLogProb),
      referenceLogProb: referenceLogProb.map(picked), entropy: entropy.map(picked),
      klOld: klOld.map(picked), klReference: klReference.map(picked), value: value.map(picked),
      oldValue: oldValue.map(picked), valueTarget: valueTarget.map(picked),
      reward: reward.map(picked), advantage: picked(advantage),
      mask: picked(mask))
  }
}

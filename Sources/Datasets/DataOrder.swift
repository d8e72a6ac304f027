/// Which row each draw takes: every row once an epoch, each epoch in an order of its own.
///
/// The order of an epoch is a permutation of the rows that is computed row by row from
/// (seed, stream, epoch), so that any step's rows are known without a state to keep or restore.
/// The permutation is the swap-or-not shuffle: with a key K₁ … K_R below n, round r pairs x with
/// x′ = K_r − x (mod n) and swaps the two when a keyed random bit of max(x, x′) is set. Each round
/// is a permutation of any n, so none has to be skipped or repeated. Hoang, Morris & Rogaway 2012,
/// "An Enciphering Scheme Based on a Card Shuffle", figure 1 (<https://arxiv.org/abs/1208.1176>).
package struct DataOrder: Sendable {
  /// What rows are drawn for; each stream has an order of its own.
  package enum Stream: Sendable {
    /// The examples of a warm start.
    case warmStart
    /// The questions of a training step.
    case training
    /// The questions of a step, dealt into mini-batches.
    case miniBatches
    /// The questions that take the place of degenerate ones.
    case dynamicSampling
    /// The questions or preferences that a reward-model update learns from.
    case comparisons
    /// The examples of a reward model that is trained by itself.
    case rewardModel
    /// The new pairs of one reward-model update.
    case newPairs(update: Int)
    /// The replayed pairs of one reward-model update.
    case replayedPairs(update: Int)

    /// A run's order follows from it: these numbers may never change.
    var number: UInt64 {
      switch self {
      case .warmStart: 1
      case .training: 2
      case .miniBatches: 3
      case .dynamicSampling: 4
      case .comparisons: 5
      case .rewardModel: 7
      case .newPairs(let update): 1 << 32 + 2 * UInt64(update)
      case .replayedPairs(let update): 1 << 32 + 2 * UInt64(update) + 1
      }
    }
  }

  /// The number of rows, at least 1.
  package let count: Int
  private let key: UInt64

  /// The shuffle wants a small multiple of log₂ n rounds; 90 is what Ethereum takes for millions.
  private static var rounds: UInt64 { 90 }

  /// The order of `count` rows.
  package init(count: Int, seed: UInt64, stream: Stream) {
    precondition(count > 0, "an order needs rows")
    self.count = count
    key = mixed(mixed(seed) ^ stream.number)
  }

  /// The rows of one step, both counted from 0, with `questions` rows a step.
  ///
  /// Steps follow each other without gaps: one that begins near the end of an epoch goes on in the
  /// next, where a row that it has already drawn may come again.
  package func rows(step: Int, count questions: Int) -> [Int] {
    precondition(step >= 0 && questions >= 0, "steps and rows are counted from 0")
    return (step * questions..<(step + 1) * questions).map(row(draw:))
  }

  /// The row that the given draw takes, counted from 0 over all epochs.
  package func row(draw: Int) -> Int {
    let (epoch, position) = draw.quotientAndRemainder(dividingBy: count)
    let epochKey = mixed(key ^ UInt64(epoch))
    let n = UInt64(count)
    var x = UInt64(position)
    for round in 0..<Self.rounds {
      let roundKey = mixed(epochKey &+ round)
      // The high half of a 64 × 64 bit product is uniform below n, but for a bias of n / 2⁶⁴.
      let pivot = roundKey.multipliedFullWidth(by: n).high
      let partner = pivot >= x ? pivot - x : pivot + n - x
      if mixed(roundKey ^ max(x, partner)) >> 63 == 1 { x = partner }
    }
    return Int(x)
  }
}

/// SplitMix64's output function: every input bit reaches every output bit.
private func mixed(_ value: UInt64) -> UInt64 {
  var z = value &+ 0x9e37_79b9_7f4a_7c15
  z = (z ^ (z &>> 30)) &* 0xbf58_476d_1ce4_e5b9
  z = (z ^ (z &>> 27)) &* 0x94d0_49bb_1331_11eb
  return z ^ (z &>> 31)
}

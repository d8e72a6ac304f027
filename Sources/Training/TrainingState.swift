internal import Formats
internal import Kernels
internal import LanguageModel

/// What a checkpoint holds: everything that the next step depends on.
///
/// Random numbers are keyed by step, so there is no generator to save, and checkpoints are taken
/// between steps, so no rollout is in flight.
struct TrainingState {
  /// Steps that are done.
  var step: Int
  var updateCount: Int
  /// Prompt and completion tokens that were trained on so far.
  var tokenCount: Int
  /// Updates in a row that were skipped for numbers that are not finite.
  var notFiniteInARow: Int
  /// Bytes of the logs that belong to the steps done.
  var metricsOffset: Int
  var completionsOffset: Int

  var encoded: JSON {
    [
      "step": .integer(step), "update_count": .integer(updateCount),
      "token_count": .integer(tokenCount), "not_finite_in_a_row": .integer(notFiniteInARow),
      "metrics_offset": .integer(metricsOffset),
      "completions_offset": .integer(completionsOffset),
    ]
  }

  init(
    step: Int = 0, updateCount: Int = 0, tokenCount: Int = 0, notFiniteInARow: Int = 0,
    metricsOffset: Int = 0, completionsOffset: Int = 0
  ) {
    (self.step, self.updateCount, self.tokenCount) = (step, updateCount, tokenCount)
    self.notFiniteInARow = notFiniteInARow
    (self.metricsOffset, self.completionsOffset) = (metricsOffset, completionsOffset)
  }

  init(decoding json: JSON, file: String) throws(FormatError) {
    func integer(_ key: String) throws(FormatError) -> Int {
      guard let value = json[key]?.int, value >= 0 else {
        throw FormatError(
          file: file, field: "state.\(key)",
          message: "got \(json[key]?.encoded() ?? "nothing"); need a number from 0")
      }
      return value
    }
    self.init(
      step: try integer("step"), updateCount: try integer("update_count"),
      tokenCount: try integer("token_count"),
      notFiniteInARow: try integer("not_finite_in_a_row"),
      metricsOffset: try integer("metrics_offset"),
      completionsOffset: try integer("completions_offset"))
  }
}

extension PolicyTrainer {
  /// The tensors of a checkpoint by file.
  private var parts: [(file: String, numbers: FloatBuffer)] {
    [
      ("model.safetensors", policy.buffer), ("reference.safetensors", reference.buffer),
      ("first_moment.safetensors", optimizer.firstMoment),
      ("second_moment.safetensors", optimizer.secondMoment),
    ]
  }

  func encodedParts() throws(FormatError) -> [(name: String, bytes: [UInt8])] {
    var files: [(name: String, bytes: [UInt8])] = []
    for part in parts {
      let view = Parameters(policy.configuration, viewing: part.numbers)
      files.append((part.file, try view.encoded()))
    }
    return files
  }

  func restore(_ read: (String) throws -> [UInt8]) throws {
    for part in parts {
      let view = Parameters(policy.configuration, viewing: part.numbers)
      try view.load(
        Safetensors(bytes: try read(part.file), file: part.file), file: part.file)
    }
  }
}

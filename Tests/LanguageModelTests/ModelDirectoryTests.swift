import Formats
import Foundation
import Kernels
import LanguageModel
import TestSupport
import Testing

@Suite struct ModelDirectoryTests {
  /// A directory of its own for each test, removed with it.
  private final class Scratch {
    let path = NSTemporaryDirectory() + "/model-" + UUID().uuidString

    init() throws { try Files.createDirectory(path) }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ files: [(name: String, bytes: [UInt8])]) throws {
      for file in files { try Files.writeAtomically(file.bytes, to: path + "/" + file.name) }
    }
  }

  private func model(tied: Bool) -> Model {
    let configuration = TinyPolicy.configuration(tied: tied)
    return Model(
      configuration: configuration, parameters: TinyPolicy.parameters(configuration))
  }

  private func fault(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch { return "\(error)" }
  }

  /// What loading weights says is wrong.
  private func fault(_ tensors: [(name: String, shape: [Int], values: [Float])]) -> String? {
    fault {
      let bytes = try Safetensors.encode(tensors)
      _ = try Model(
        configuration: TinyPolicy.configuration(tied: true),
        weights: Safetensors(bytes: bytes, file: "model.safetensors"), file: "model.safetensors")
    }
  }

  private func tensors(of model: Model) -> [(name: String, shape: [Int], values: [Float])] {
    model.parameters.layout.tensors.map { ($0.name, $0.shape, model.parameters.values($0)) }
  }

  @Test(arguments: [false, true]) func whatIsWrittenIsReadBitForBit(tied: Bool) throws {
    let (model, scratch) = (model(tied: tied), try Scratch())
    let files = try ModelDirectory.files(of: model)
    #expect(files.map(\.name) == ["config.json", "generation_config.json", "model.safetensors"])
    try scratch.write(files)
    let read = try ModelDirectory.load(scratch.path)
    #expect(read.configuration == model.configuration)
    #expect(bitDifference(read.parameters.flat, model.parameters.flat) == nil)
    #expect(read.parameterCount == model.parameters.flat.count)
    // And once more from there.
    let again = try ModelDirectory.files(of: read)
    for (a, b) in zip(files, again) { #expect(a.bytes == b.bytes) }
  }

  /// A safetensors file of 16-bit words.
  private func file(
    _ type: String, _ tensors: [(name: String, shape: [Int], words: [UInt16])]
  ) -> [UInt8] {
    var (header, offset) = (JSONObject(), 0)
    for tensor in tensors {
      let end = offset + 2 * tensor.words.count
      header[tensor.name] = [
        "dtype": .string(type), "shape": .array(tensor.shape.map { .integer($0) }),
        "data_offsets": [.integer(offset), .integer(end)],
      ]
      offset = end
    }
    let text = JSON.object(header).encodedBytes()
    var bytes = (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text
    for word in tensors.flatMap(\.words) {
      bytes += [UInt8(truncatingIfNeeded: word), UInt8(word >> 8)]
    }
    return bytes
  }

  @Test(arguments: ["F16", "BF16"]) func weightsOfHalfThePrecisionAreWidened(type: String) throws {
    let configuration = TinyPolicy.configuration(tied: false)
    let layout = ParameterLayout(configuration)
    // ±k/64 is exact in both, for k below 128.
    var rng = SplitMix64(seed: 12)
    let values = layout.tensors.map { tensor in
      (0..<tensor.shape.reduce(1, *)).map { _ in
        Float(Int.random(in: -127...127, using: &rng)) / 64
      }
    }
    let words = zip(layout.tensors, values).map { tensor, values in
      (
        name: tensor.name, shape: tensor.shape,
        words: values.map { value in
          type == "BF16" ? UInt16(value.bitPattern >> 16) : Float16(value).bitPattern
        }
      )
    }
    let model = try Model(
      configuration: configuration,
      weights: Safetensors(bytes: file(type, words), file: "model.safetensors"),
      file: "model.safetensors")
    // A sign before a zero survives, too.
    #expect(bitDifference(model.parameters.flat, values.flatMap { $0 }) == nil)
  }

  @Test func aTensorOfAnotherTypeIsRefusedByName() throws {
    let layout = ParameterLayout(TinyPolicy.configuration(tied: true))
    let words = layout.tensors.map {
      (name: $0.name, shape: $0.shape, words: [UInt16](repeating: 0, count: $0.shape.reduce(1, *)))
    }
    let text = fault {
      _ = try Model(
        configuration: TinyPolicy.configuration(tied: true),
        weights: Safetensors(bytes: file("I16", words), file: "model.safetensors"),
        file: "model.safetensors")
    }
    #expect(
      text == "model.safetensors: model.embed_tokens.weight: "
        + "wrong dtype (got I16; need F32, F16 or BF16)")
  }

  @Test func whatDoesNotFitTheConfigurationIsListed() {
    var tensors = tensors(of: model(tied: true))
    #expect(fault(tensors) == nil)
    tensors.removeAll { $0.name == "model.norm.weight" }
    tensors.append(("lm_head.weight", [77, 36], .init(repeating: 0, count: 77 * 36)))
    tensors[2].shape = [36, 60]
    #expect(
      fault(tensors) == "model.safetensors: does not hold what config.json implies: "
        + "unexpected tensor lm_head.weight; tensor model.layers.0.self_attn.q_proj.weight "
        + "has shape [36, 60] (need [60, 36]); missing tensor model.norm.weight")
    // A list too long to read is cut.
    let text = fault([("x", [1], [0])])
    #expect(text?.contains("unexpected tensor x; missing tensor model.embed_tokens.weight") == true)
    #expect(text?.hasSuffix("; and 20 more") == true)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func aWeightThatIsNotFiniteIsRefusedByNameAndPlace(bad: Float) {
    var tensors = tensors(of: model(tied: true))
    tensors[13].values[41] = bad
    #expect(
      fault(tensors)
        == "model.safetensors: \(tensors[13].name): is not finite at flat index 41 (got \(bad))")
  }

  @Test func aTruncatedFileIsRefused() throws {
    let (model, scratch) = (model(tied: true), try Scratch())
    let files = try ModelDirectory.files(of: model)
    for length in [0, 7, 100, files[2].bytes.count - 4] {
      try scratch.write([
        files[0], (name: "model.safetensors", bytes: Array(files[2].bytes[..<length])),
      ])
      let text = fault { _ = try ModelDirectory.load(scratch.path) }
      #expect(text?.hasPrefix(scratch.path + "/model.safetensors: ") == true, "\(length) bytes")
    }
  }

  @Test func missingFilesAreNamed() throws {
    let (model, scratch) = (model(tied: true), try Scratch())
    let files = try ModelDirectory.files(of: model)
    #expect(
      fault { _ = try ModelDirectory.load(scratch.path) }
        == scratch.path + "/config.json: no such file")
    try scratch.write([files[0]])
    #expect(
      fault { _ = try ModelDirectory.load(scratch.path) }
        == scratch.path + "/model.safetensors: no such file")
  }

  /// A configuration may claim a model of terabytes: its file is looked at before memory is taken.
  @Test func aClaimedSizeTakesNoMemory() throws {
    var huge = TinyPolicy.configuration(tied: true)
    (huge.vocabularySize, huge.hiddenSize, huge.intermediateSize) = (1 << 20, 65_536, 1 << 20)
    (huge.attentionHeads, huge.keyValueHeads, huge.headSize, huge.layers) = (512, 512, 128, 1024)
    let scratch = try Scratch()
    try scratch.write([
      ("config.json", huge.encoded().encodedBytes()),
      ("model.safetensors", try model(tied: true).encodedWeights()),
    ])
    let text = fault { _ = try ModelDirectory.load(scratch.path) }
    #expect(text?.contains("does not hold what config.json implies") == true)
  }
}

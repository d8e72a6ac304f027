import Formats
import Foundation
import Kernels
import LanguageModel
import TestSupport
import Testing

@Suite struct ModelDirectoryTests {
  @Test(arguments: [false, true]) func whatIsWrittenIsReadBitForBit(tied: Bool) throws {
    let (model, folder) = (TinyPolicy.model(tied: tied), try ModelFolder())
    let files = try ModelDirectory.files(of: model)
    #expect(files.map(\.name) == ["config.json", "generation_config.json", "model.safetensors"])
    try folder.write(files)
    let read = try ModelDirectory.load(folder.path)
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
    let text = ModelFolder.fault {
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
    var tensors = TinyPolicy.tensors(of: TinyPolicy.model(tied: true))
    #expect(ModelFolder.fault(of: tensors) == nil)
    tensors.removeAll { $0.name == "model.norm.weight" }
    tensors.append(("model.extra.weight", [77, 36], .init(repeating: 0, count: 77 * 36)))
    tensors[2].shape = [36, 60]
    #expect(
      ModelFolder.fault(of: tensors)
        == "model.safetensors: does not hold what config.json implies: "
        + "unexpected tensor model.extra.weight; tensor model.layers.0.self_attn.q_proj.weight "
        + "has shape [36, 60] (need [60, 36]); missing tensor model.norm.weight")
    // A list too long to read is cut.
    let text = ModelFolder.fault(of: [("x", [1], [0])])
    #expect(text?.contains("unexpected tensor x; missing tensor model.embed_tokens.weight") == true)
    #expect(text?.hasSuffix("; and 20 more") == true)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func aWeightThatIsNotFiniteIsRefusedByNameAndPlace(bad: Float) {
    var tensors = TinyPolicy.tensors(of: TinyPolicy.model(tied: true))
    tensors[13].values[41] = bad
    #expect(
      ModelFolder.fault(of: tensors)
        == "model.safetensors: \(tensors[13].name): is not finite at flat index 41 (got \(bad))")
  }

  @Test func aTruncatedFileIsRefused() throws {
    let (model, folder) = (TinyPolicy.model(tied: true), try ModelFolder())
    let files = try ModelDirectory.files(of: model)
    for length in [0, 7, 100, files[2].bytes.count - 4] {
      try folder.write([
        files[0], (name: "model.safetensors", bytes: Array(files[2].bytes[..<length])),
      ])
      let text = folder.fault
      #expect(text?.hasPrefix(folder.path + "/model.safetensors: ") == true, "\(length) bytes")
    }
  }

  @Test func missingFilesAreNamed() throws {
    let (model, folder) = (TinyPolicy.model(tied: true), try ModelFolder())
    let files = try ModelDirectory.files(of: model)
    #expect(
      folder.fault
        == folder.path + "/config.json: no such file")
    try folder.write([files[0]])
    #expect(
      folder.fault
        == folder.path + "/model.safetensors: no such file")
  }

  @Test func idsThatOnlyTheGenerationConfigurationEndsWithEndACompletion() throws {
    let (model, folder) = (TinyPolicy.model(tied: true), try ModelFolder())
    try folder.write(ModelDirectory.files(of: model))
    func read(_ json: JSON) throws -> [Int] {
      try folder.write([("generation_config.json", json.encodedBytes())])
      return try ModelDirectory.load(folder.path).configuration.eosTokenIDs
    }
    let own = model.configuration.eosTokenIDs
    #expect(own == [2])
    #expect(try read(["eos_token_id": [2, 5]]) == [2, 5])
    #expect(try read(["eos_token_id": 7]) == [2, 7])
    #expect(try read(["eos_token_id": nil, "temperature": 0.6]) == [2])
    #expect(try read(["eos_token_id": [77, 5]]) == [2, 5])
    #expect(
      try ModelDirectory.load(folder.path).configuration.warnings == [
        folder.path
          + "/generation_config.json: eos_token_id: 77 is left out, since the model has no "
          + "such id (need 0...76)"
      ])
    try Files.remove(folder.path + "/generation_config.json")
    #expect(try ModelDirectory.load(folder.path).configuration.eosTokenIDs == [2])
  }

  /// A configuration may claim a model of terabytes: its file is looked at before memory is taken.
  @Test func aClaimedSizeTakesNoMemory() throws {
    var huge = TinyPolicy.configuration(tied: true)
    (huge.vocabularySize, huge.hiddenSize, huge.intermediateSize) = (1 << 20, 65_536, 1 << 20)
    (huge.attentionHeads, huge.keyValueHeads, huge.headSize, huge.layers) = (512, 512, 128, 1024)
    let folder = try ModelFolder()
    try folder.write([
      ("config.json", huge.encoded().encodedBytes()),
      ("model.safetensors", try TinyPolicy.model(tied: true).encodedWeights()),
    ])
    let text = folder.fault
    #expect(text?.contains("does not hold what config.json implies") == true)
  }
}

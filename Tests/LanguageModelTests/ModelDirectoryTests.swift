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
  private func fault(
    _ tensors: [(name: String, shape: [Int], values: [Float])], tied: Bool = true
  ) -> String? {
    fault {
      let bytes = try Safetensors.encode(tensors)
      _ = try Model(
        configuration: TinyPolicy.configuration(tied: tied),
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
    tensors.append(("model.extra.weight", [77, 36], .init(repeating: 0, count: 77 * 36)))
    tensors[2].shape = [36, 60]
    #expect(
      fault(tensors) == "model.safetensors: does not hold what config.json implies: "
        + "unexpected tensor model.extra.weight; tensor model.layers.0.self_attn.q_proj.weight "
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

  // MARK: As other programs write it

  /// Buffers and a repeated matrix, which older versions of transformers wrote.
  @Test func whatIsKnownAlreadyMayBeThere() throws {
    let model = model(tied: true)
    var tensors = tensors(of: model)
    tensors.append(("model.layers.0.self_attn.rotary_emb.inv_freq", [6], [1, 1, 1, 1, 1, 1]))
    tensors.append(("model.rotary_emb.inv_freq", [2], [0, .infinity]))
    tensors.append(("lm_head.weight", tensors[0].shape, tensors[0].values))
    #expect(fault(tensors) == nil)
    tensors[tensors.count - 1].values[17] += 1
    #expect(
      fault(tensors)?.hasSuffix(
        ": lm_head.weight differs from the embedding, to which tie_word_embeddings ties it") == true
    )
    tensors[tensors.count - 1] = ("lm_head.weight", [1, 36], Array(repeating: 0, count: 36))
    #expect(fault(tensors)?.contains("lm_head.weight differs") == true)
    // Without a tie it is what it is.
    var untied = self.tensors(of: self.model(tied: false))
    untied.removeAll { $0.name == "lm_head.weight" }
    #expect(fault(untied, tied: false)?.hasSuffix(": missing tensor lm_head.weight") == true)
  }

  /// As `safetensors.torch.save_model` writes a tied matrix: under one name, which may be either.
  @Test func aTiedMatrixIsReadUnderEitherName() throws {
    var (tensors, scratch) = (self.tensors(of: model(tied: true)), try Scratch())
    tensors[0].name = "lm_head.weight"
    #expect(fault(tensors) == nil)
    let model = model(tied: true)
    try scratch.write([
      ("config.json", model.configuration.encoded().encodedBytes()),
      ("model.safetensors", try Safetensors.encode(tensors)),
    ])
    let read = try ModelDirectory.load(scratch.path)
    #expect(bitDifference(read.parameters.flat, model.parameters.flat) == nil)
    // Without a tie, one does not stand for the other.
    var untied = self.tensors(of: self.model(tied: false))
    untied.removeAll { $0.name == "model.embed_tokens.weight" }
    #expect(
      fault(untied, tied: false)?.hasSuffix(": missing tensor model.embed_tokens.weight") == true)
  }

  @Test func aSaveOfTheTransformerAloneIsRead() throws {
    let (model, scratch) = (model(tied: true), try Scratch())
    var tensors = self.tensors(of: model)
    for place in tensors.indices { tensors[place].name.removeFirst("model.".count) }
    try scratch.write([
      ("config.json", model.configuration.encoded().encodedBytes()),
      ("model.safetensors", try Safetensors.encode(tensors)),
    ])
    let read = try ModelDirectory.load(scratch.path)
    #expect(bitDifference(read.parameters.flat, model.parameters.flat) == nil)
    // A head that is not tied would be drawn at random, which transformers warns of.
    #expect(fault(tensors, tied: false)?.hasSuffix(": missing tensor lm_head.weight") == true)
    tensors.append(("model.norm.weight", [36], Array(repeating: 1, count: 36)))
    #expect(fault(tensors)?.contains("unexpected tensor norm.weight") == true)
  }

  @Test func whatComputesNothingIsLeftOut() throws {
    let (model, scratch) = (model(tied: true), try Scratch())
    var tensors = self.tensors(of: model)
    for name in ["cos_cached", "sin_cached"] {
      tensors.append(("model.layers.0.self_attn.rotary_emb.\(name)", [1, 1, 2, 2], [0, 0, 0, 0]))
    }
    tensors.append(("v_head.summary.weight", [1, 1], [3]))
    tensors.append(("v_head.summary.bias", [1], [3]))
    try scratch.write([
      ("config.json", model.configuration.encoded().encodedBytes()),
      ("model.safetensors", try Safetensors.encode(tensors)),
    ])
    #expect(
      try ModelDirectory.load(scratch.path).configuration.warnings == [
        scratch.path
          + "/model.safetensors: v_head.summary.bias and v_head.summary.weight: the value "
          + "head of another training is left out"
      ])
  }

  @Test func weightsInSeveralFilesAreRead() throws {
    let (model, scratch) = (model(tied: false), try Scratch())
    let tensors = tensors(of: model)
    try scratch.write([("config.json", model.configuration.encoded().encodedBytes())])
    let map = JSONObject(
      tensors.enumerated().map {
        ($1.name, .string("model-0000\($0 % 3 + 1)-of-00003.safetensors"))
      })
    func write(_ map: JSONObject, _ parts: Range<Int> = 0..<3) throws {
      try scratch.write([
        ("model.safetensors.index.json", JSON.object(["weight_map": .object(map)]).encodedBytes())
      ])
      for part in parts {
        let own = tensors.enumerated().filter { $0.offset % 3 == part }.map(\.element)
        try scratch.write([
          ("model-0000\(part + 1)-of-00003.safetensors", try Safetensors.encode(own))
        ])
      }
    }
    try write(map)
    let read = try ModelDirectory.load(scratch.path)
    #expect(bitDifference(read.parameters.flat, model.parameters.flat) == nil)

    // In a directory within, and with a buffer that no file holds.
    var deep = map
    for (name, place) in map.entries { deep[name] = place.string.map { .string("parts/" + $0) } }
    deep["model.layers.0.self_attn.rotary_emb.inv_freq"] = .string(
      "parts/model-00001-of-00003.safetensors")
    try write(deep)
    try Files.createDirectory(scratch.path + "/parts")
    for part in 1...3 {
      let name = "model-0000\(part)-of-00003.safetensors"
      try Files.rename("\(scratch.path)/\(name)", to: "\(scratch.path)/parts/\(name)")
    }
    let below = try ModelDirectory.load(scratch.path)
    #expect(bitDifference(below.parameters.flat, model.parameters.flat) == nil)
    #expect(
      ModelDirectory.partsWithin(scratch.path)
        == (1...3).map { "parts/model-0000\($0)-of-00003.safetensors" })

    let index = scratch.path + "/model.safetensors.index.json"
    for (place, problem) in [
      ("../model-00001-of-00003.safetensors", "need the path of a file beside the index or below"),
      ("model-00002-of-00003.safetensors", "is not in model-00002-of-00003.safetensors"),
    ] {
      var wrong = map
      wrong[tensors[0].name] = .string(place)
      try write(wrong)
      let text = fault { _ = try ModelDirectory.load(scratch.path) }
      #expect(text?.hasPrefix(index + ": weight_map.model.embed_tokens.weight: ") == true)
      #expect(text?.contains(problem) == true, "\(text ?? "")")
    }
    try write(map)
    try Files.remove(scratch.path + "/model-00002-of-00003.safetensors")
    #expect(
      fault { _ = try ModelDirectory.load(scratch.path) }
        == scratch.path + "/model-00002-of-00003.safetensors: no such file")
    // One file that holds everything comes first, as in transformers.
    try scratch.write([("model.safetensors", try model.encodedWeights())])
    #expect(fault { _ = try ModelDirectory.load(scratch.path) } == nil)
  }

  @Test func idsThatOnlyTheGenerationConfigurationEndsWithEndACompletion() throws {
    let (model, scratch) = (model(tied: true), try Scratch())
    try scratch.write(ModelDirectory.files(of: model))
    func read(_ json: JSON) throws -> [Int] {
      try scratch.write([("generation_config.json", json.encodedBytes())])
      return try ModelDirectory.load(scratch.path).configuration.eosTokenIDs
    }
    let own = model.configuration.eosTokenIDs
    #expect(own == [2])
    #expect(try read(["eos_token_id": [2, 5]]) == [2, 5])
    #expect(try read(["eos_token_id": 7]) == [2, 7])
    #expect(try read(["eos_token_id": nil, "temperature": 0.6]) == [2])
    #expect(try read(["eos_token_id": [77, 5]]) == [2, 5])
    #expect(
      try ModelDirectory.load(scratch.path).configuration.warnings == [
        scratch.path
          + "/generation_config.json: eos_token_id: 77 is left out, since the model has no "
          + "such id (need 0...76)"
      ])
    try Files.remove(scratch.path + "/generation_config.json")
    #expect(try ModelDirectory.load(scratch.path).configuration.eosTokenIDs == [2])
  }

  @Test(
    arguments: [
      (
        "pytorch_model.bin",
        "DIR: holds pytorch_model.bin, and no model.safetensors, which is "
          + "what is read (need python3 -c \"from transformers import AutoModelForCausalLM as M; "
          + "M.from_pretrained('DIR').save_pretrained('DIR')\")"
      ),
      (
        "tiny.Q8_0.gguf",
        "DIR: holds tiny.Q8_0.gguf, and no model.safetensors, which is what is "
          + "read (need the model as transformers saves it)"
      ),
      (
        "adapter_model.safetensors",
        "DIR: holds adapter_model.safetensors, and no "
          + "model.safetensors, which is what is read (need the adapter merged into its model)"
      ),
      (
        "consolidated.00.pth",
        "DIR: holds consolidated.00.pth, and no model.safetensors, which "
          + "is what is read (need the model as transformers saves it)"
      ),
    ])
  func otherWeightsAreNamed(name: String, message: String) throws {
    let (model, scratch) = (model(tied: true), try Scratch())
    try scratch.write([("config.json", model.configuration.encoded().encodedBytes()), (name, [1])])
    #expect(
      fault { _ = try ModelDirectory.load(scratch.path) }
        == message.replacingOccurrences(of: "DIR", with: scratch.path))
  }

  @Test func whatIsNoModelsDirectoryIsNamed() throws {
    let (model, scratch) = (model(tied: true), try Scratch())
    let files = try ModelDirectory.files(of: model)
    try Files.createDirectory(scratch.path + "/run/model")
    for file in files { try scratch.write([("run/model/" + file.name, file.bytes)]) }
    #expect(
      fault { _ = try ModelDirectory.load(scratch.path + "/run") }
        == scratch.path + "/run: holds no config.json (need \(scratch.path)/run/model, which does)")
    try scratch.write([("tiny.gguf", Array("GGUF".utf8))])
    #expect(
      fault { _ = try ModelDirectory.load(scratch.path + "/tiny.gguf") }
        == scratch.path + "/tiny.gguf: is a file; need a directory with config.json, "
        + "model.safetensors and tokenizer.model")
    try scratch.write([("config.json", Array("<!DOCTYPE html>".utf8))])
    #expect(
      fault { _ = try ModelDirectory.load(scratch.path) }
        == scratch.path + "/config.json: an HTML page; need a model configuration")
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

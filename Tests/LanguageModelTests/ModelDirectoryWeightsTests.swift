import Formats
import Foundation
import Kernels
import LanguageModel
import TestSupport
import Testing

/// Directories as other programs write them.
@Suite struct ModelDirectoryWeightsTests {
  /// Buffers and a repeated matrix, which older versions of transformers wrote.
  @Test func whatIsKnownAlreadyMayBeThere() throws {
    let model = TinyPolicy.model(tied: true)
    var tensors = TinyPolicy.tensors(of: model)
    tensors.append(("model.layers.0.self_attn.rotary_emb.inv_freq", [6], [1, 1, 1, 1, 1, 1]))
    tensors.append(("model.rotary_emb.inv_freq", [2], [0, .infinity]))
    tensors.append(("lm_head.weight", tensors[0].shape, tensors[0].values))
    #expect(ModelFolder.fault(of: tensors) == nil)
    tensors[tensors.count - 1].values[17] += 1
    #expect(
      ModelFolder.fault(of: tensors)?.hasSuffix(
        ": lm_head.weight differs from the embedding, to which tie_word_embeddings ties it") == true
    )
    tensors[tensors.count - 1] = ("lm_head.weight", [1, 36], Array(repeating: 0, count: 36))
    #expect(ModelFolder.fault(of: tensors)?.contains("lm_head.weight differs") == true)
    // Without a tie it is what it is.
    var untied = TinyPolicy.tensors(of: TinyPolicy.model(tied: false))
    untied.removeAll { $0.name == "lm_head.weight" }
    #expect(
      ModelFolder.fault(of: untied, tied: false)?.hasSuffix(": missing tensor lm_head.weight")
        == true)
  }

  /// As `safetensors.torch.save_model` writes a tied matrix: under one name, which may be either.
  @Test func aTiedMatrixIsReadUnderEitherName() throws {
    var (tensors, folder) = (
      TinyPolicy.tensors(of: TinyPolicy.model(tied: true)), try ModelFolder()
    )
    tensors[0].name = "lm_head.weight"
    #expect(ModelFolder.fault(of: tensors) == nil)
    let model = TinyPolicy.model(tied: true)
    try folder.write([
      ("config.json", model.configuration.encoded().encodedBytes()),
      ("model.safetensors", try Safetensors.encode(tensors)),
    ])
    let read = try ModelDirectory.load(folder.path)
    #expect(bitDifference(read.parameters.flat, model.parameters.flat) == nil)
    // Without a tie, one does not stand for the other.
    var untied = TinyPolicy.tensors(of: TinyPolicy.model(tied: false))
    untied.removeAll { $0.name == "model.embed_tokens.weight" }
    #expect(
      ModelFolder.fault(of: untied, tied: false)?.hasSuffix(
        ": missing tensor model.embed_tokens.weight") == true)
  }

  @Test func aSaveOfTheTransformerAloneIsRead() throws {
    let (model, folder) = (TinyPolicy.model(tied: true), try ModelFolder())
    var tensors = TinyPolicy.tensors(of: model)
    for place in tensors.indices { tensors[place].name.removeFirst("model.".count) }
    try folder.write([
      ("config.json", model.configuration.encoded().encodedBytes()),
      ("model.safetensors", try Safetensors.encode(tensors)),
    ])
    let read = try ModelDirectory.load(folder.path)
    #expect(bitDifference(read.parameters.flat, model.parameters.flat) == nil)
    // A head that is not tied would be drawn at random, which transformers warns of.
    #expect(
      ModelFolder.fault(of: tensors, tied: false)?.hasSuffix(": missing tensor lm_head.weight")
        == true)
    tensors.append(("model.norm.weight", [36], Array(repeating: 1, count: 36)))
    #expect(ModelFolder.fault(of: tensors)?.contains("unexpected tensor norm.weight") == true)
  }

  @Test func whatComputesNothingIsLeftOut() throws {
    let (model, folder) = (TinyPolicy.model(tied: true), try ModelFolder())
    var tensors = TinyPolicy.tensors(of: model)
    for name in ["cos_cached", "sin_cached"] {
      tensors.append(("model.layers.0.self_attn.rotary_emb.\(name)", [1, 1, 2, 2], [0, 0, 0, 0]))
    }
    tensors.append(("v_head.summary.weight", [1, 1], [3]))
    tensors.append(("v_head.summary.bias", [1], [3]))
    try folder.write([
      ("config.json", model.configuration.encoded().encodedBytes()),
      ("model.safetensors", try Safetensors.encode(tensors)),
    ])
    #expect(
      try ModelDirectory.load(folder.path).configuration.warnings == [
        folder.path
          + "/model.safetensors: v_head.summary.bias and v_head.summary.weight: the value "
          + "head of another training is left out"
      ])
  }

  @Test func weightsInSeveralFilesAreRead() throws {
    let (model, folder) = (TinyPolicy.model(tied: false), try ModelFolder())
    let tensors = TinyPolicy.tensors(of: model)
    try folder.write([("config.json", model.configuration.encoded().encodedBytes())])
    let map = JSONObject(
      tensors.enumerated().map {
        ($1.name, .string("model-0000\($0 % 3 + 1)-of-00003.safetensors"))
      })
    func write(_ map: JSONObject, _ parts: Range<Int> = 0..<3) throws {
      try folder.write([
        ("model.safetensors.index.json", JSON.object(["weight_map": .object(map)]).encodedBytes())
      ])
      for part in parts {
        let own = tensors.enumerated().filter { $0.offset % 3 == part }.map(\.element)
        try folder.write([
          ("model-0000\(part + 1)-of-00003.safetensors", try Safetensors.encode(own))
        ])
      }
    }
    try write(map)
    let read = try ModelDirectory.load(folder.path)
    #expect(bitDifference(read.parameters.flat, model.parameters.flat) == nil)

    // In a directory within, and with a buffer that no file holds.
    var deep = map
    for (name, place) in map.entries { deep[name] = place.string.map { .string("parts/" + $0) } }
    deep["model.layers.0.self_attn.rotary_emb.inv_freq"] = .string(
      "parts/model-00001-of-00003.safetensors")
    try write(deep)
    try Files.createDirectory(folder.path + "/parts")
    for part in 1...3 {
      let name = "model-0000\(part)-of-00003.safetensors"
      try Files.rename("\(folder.path)/\(name)", to: "\(folder.path)/parts/\(name)")
    }
    let below = try ModelDirectory.load(folder.path)
    #expect(bitDifference(below.parameters.flat, model.parameters.flat) == nil)
    #expect(
      ModelDirectory.partsWithin(folder.path)
        == (1...3).map { "parts/model-0000\($0)-of-00003.safetensors" })

    let index = folder.path + "/model.safetensors.index.json"
    for (place, problem) in [
      ("../model-00001-of-00003.safetensors", "need the path of a file beside the index or below"),
      ("model-00002-of-00003.safetensors", "is not in model-00002-of-00003.safetensors"),
    ] {
      var wrong = map
      wrong[tensors[0].name] = .string(place)
      try write(wrong)
      let text = folder.fault
      #expect(text?.hasPrefix(index + ": weight_map.model.embed_tokens.weight: ") == true)
      #expect(text?.contains(problem) == true, "\(text ?? "")")
    }
    try write(map)
    try Files.remove(folder.path + "/model-00002-of-00003.safetensors")
    #expect(
      folder.fault
        == folder.path + "/model-00002-of-00003.safetensors: no such file")
    // One file that holds everything comes first, as in transformers.
    try folder.write([("model.safetensors", try model.encodedWeights())])
    #expect(folder.fault == nil)
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
    let (model, folder) = (TinyPolicy.model(tied: true), try ModelFolder())
    try folder.write([("config.json", model.configuration.encoded().encodedBytes()), (name, [1])])
    #expect(
      folder.fault
        == message.replacingOccurrences(of: "DIR", with: folder.path))
  }

  @Test func whatIsNoModelsDirectoryIsNamed() throws {
    let (model, folder) = (TinyPolicy.model(tied: true), try ModelFolder())
    let files = try ModelDirectory.files(of: model)
    try Files.createDirectory(folder.path + "/run/model")
    for file in files { try folder.write([("run/model/" + file.name, file.bytes)]) }
    #expect(
      ModelFolder.fault { _ = try ModelDirectory.load(folder.path + "/run") }
        == folder.path + "/run: holds no config.json (need \(folder.path)/run/model, which does)")
    try folder.write([("tiny.gguf", Array("GGUF".utf8))])
    #expect(
      ModelFolder.fault { _ = try ModelDirectory.load(folder.path + "/tiny.gguf") }
        == folder.path + "/tiny.gguf: is a file; need a directory with config.json, "
        + "model.safetensors and tokenizer.model")
    try folder.write([("config.json", Array("<!DOCTYPE html>".utf8))])
    #expect(
      folder.fault
        == folder.path + "/config.json: an HTML page; need a model configuration")
  }
}

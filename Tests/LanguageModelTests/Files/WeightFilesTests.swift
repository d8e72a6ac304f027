import Formats
import Foundation
import Kernels
import LanguageModel
import TestSupport
import Testing

/// Directories as other programs write them.
@Suite struct WeightFilesTests {
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
    for (name, file) in map.entries { deep[name] = file.string.map { .string("parts/" + $0) } }
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
    for (file, problem) in [
      (
        "../model-00001-of-00003.safetensors",
        "need the path of a file in the directory of the index or below"
      ),
      ("model-00002-of-00003.safetensors", "is not in model-00002-of-00003.safetensors"),
    ] {
      var wrong = map
      wrong[tensors[0].name] = .string(file)
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
        "DIR: has pytorch_model.bin but no model.safetensors "
          + "(need python3 -c \"from transformers import AutoModelForCausalLM as M; "
          + "M.from_pretrained('DIR').save_pretrained('DIR')\")"
      ),
      (
        "tiny.Q8_0.gguf",
        "DIR: has tiny.Q8_0.gguf but no model.safetensors "
          + "(need the model as transformers saves it)"
      ),
      (
        "adapter_model.safetensors",
        "DIR: has adapter_model.safetensors but no "
          + "model.safetensors (need the adapter merged into its model)"
      ),
      (
        "consolidated.00.pth",
        "DIR: has consolidated.00.pth but no model.safetensors "
          + "(need the model as transformers saves it)"
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
        == folder.path + "/run: has no config.json (need \(folder.path)/run/model, which has one)")
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

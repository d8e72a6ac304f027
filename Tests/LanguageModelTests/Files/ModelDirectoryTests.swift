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
          + "/generation_config.json: eos_token_id: 77 is ignored, because the model has no "
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
    #expect(text?.contains("does not match config.json") == true)
  }
}

public import Formats
internal import Kernels

/// A configuration and its weights.
public struct Model: Sendable {
  public let configuration: ModelConfiguration
  package let parameters: Parameters

  package init(configuration: ModelConfiguration, parameters: Parameters) {
    (self.configuration, self.parameters) = (configuration, parameters)
  }

  /// A model with first weights drawn for `seed`.
  public init(_ configuration: ModelConfiguration, seed: UInt64) {
    self.init(
      configuration: configuration, parameters: Parameters(configuration, seed: seed))
  }

  /// Takes the weights out of a safetensors file.
  public init(
    configuration: ModelConfiguration, weights: Safetensors
  ) throws(FormatError) {
    let layout = ParameterLayout(configuration)
    let weights = try layout.named(weights)
    // Before memory is taken for sizes that a configuration only claims.
    try layout.check(weights)
    let parameters = Parameters(configuration)
    try parameters.load(weights)
    self.init(configuration: configuration, parameters: parameters)
  }

  /// Numbers that the model learns.
  public var parameterCount: Int { parameters.layout.parameterCount }

  /// The weights as a safetensors file, F32.
  ///
  /// - Throws: a `FormatError` where one of them is not finite.
  public func encodedWeights() throws(FormatError) -> [UInt8] {
    try parameters.encoded("model.safetensors")
  }
}

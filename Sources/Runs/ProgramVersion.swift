/// The version of this program, as `grpo --version` says it and runs record it.
public enum ProgramVersion {
  /// Major, minor and patch version, with points between them.
  public static let current = "0.1.0"
}

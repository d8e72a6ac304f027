/// The version of this program, which `grpo --version` prints and runs record.
public enum ProgramVersion {
  /// Major, minor and patch version, with points between them.
  public static let current = "0.1.0"
}

/// What the program tells its parent (the numbers of BSD's `sysexits.h`).
enum ExitStatus: Int32 {
  case success = 0
  case gateFailed = 1
  case usage = 64
  case badData = 65
  case missingInput = 66
  case rewardFailed = 69
  case numerics = 70
  case cannotCreate = 73
  case inputOutput = 74
  case resumable = 75
  case badRecipe = 78
}

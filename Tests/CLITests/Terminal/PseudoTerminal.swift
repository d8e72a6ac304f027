import Foundation
import Testing

enum PseudoTerminal {
  /// A terminal of Linux: its master's descriptor, and the line that a program writes to.
  static func open(columns: UInt16) throws -> (Int32, FileHandle) {
    // SAFETY: Swift passes a copy of the path that ends with NUL and lives through the call.
    let terminal = unsafe Foundation.open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    try #require(terminal >= 0)
    let (setLock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)  // TIOCSPTLCK, TIOCGPTN
    var lock: Int32 = 0
    var number: Int32 = 0
    var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    // SAFETY: each call reads or writes the one value it is given, which lives until it returns.
    try #require(unsafe ioctl(terminal, setLock, &lock) == 0)
    try #require(unsafe ioctl(terminal, getNumber, &number) == 0)
    try #require(unsafe ioctl(terminal, UInt(TIOCSWINSZ), &size) == 0)
    // SAFETY: as for the master.
    let line = unsafe Foundation.open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
    try #require(line >= 0)
    return (terminal, FileHandle(fileDescriptor: line, closeOnDealloc: true))
  }
}

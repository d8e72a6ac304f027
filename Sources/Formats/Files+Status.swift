import Foundation

// What a path points to. These throw nothing: a path that cannot be inspected counts as absent.
extension Files {
  /// What the system tells of a path; nil where there is nothing.
  ///
  /// - Parameter follows: Whether of what a symbolic link leads to, or of the link.
  private static func status(of path: String, follows: Bool = true) -> stat? {
    var status = stat()
    // SAFETY: the call writes one status, into the one that it is given.
    let code = unsafe follows ? stat(path, &status) : lstat(path, &status)
    return code == 0 ? status : nil
  }

  /// What a path can lead to.
  package enum Kind: Sendable {
    case file, directory
    /// A pipe, a device or a socket.
    case stream
  }

  /// What `path` leads to, links followed; nil where there is nothing.
  package static func kind(_ path: String) -> Kind? {
    status(of: path).map { status in
      switch status.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .directory
      default: .stream
      }
    }
  }

  /// Whether there is anything of this name; a broken symbolic link counts as nothing.
  package static func exists(_ path: String) -> Bool { status(of: path) != nil }

  /// Whether the name is taken, if only by a symbolic link to nothing.
  package static func isTaken(_ path: String) -> Bool { status(of: path, follows: false) != nil }

  /// Whether there is a directory of this name, links followed.
  package static func isDirectory(_ path: String) -> Bool { kind(path) == .directory }

  /// Whether this is a directory, and no symbolic link to one.
  package static func isOwnDirectory(_ path: String) -> Bool {
    status(of: path, follows: false).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false
  }

  /// Whether this is a symbolic link, and not what one leads to.
  package static func isSymbolicLink(_ path: String) -> Bool {
    status(of: path, follows: false).map { $0.st_mode & S_IFMT == S_IFLNK } ?? false
  }

  /// The size of a regular file in bytes; nil when there is none.
  package static func size(_ path: String) -> Int? {
    status(of: path).flatMap { $0.st_mode & S_IFMT == S_IFREG ? Int($0.st_size) : nil }
  }

  /// What a file is known by among all of the machine's, as long as somebody has it open.
  package struct Identity: Sendable, Equatable {
    private let device: UInt64
    private let number: UInt64

    fileprivate init(_ status: stat) {
      (device, number) = (UInt64(status.st_dev), UInt64(status.st_ino))
    }
  }

  /// Which file an open one is.
  package static func identity(of descriptor: Int32) -> Identity? {
    var status = stat()
    // SAFETY: as for a path.
    return unsafe fstat(descriptor, &status) == 0 ? Identity(status) : nil
  }

  /// Which file a path leads to; nil where there is nothing.
  package static func identity(of path: String) -> Identity? { status(of: path).map(Identity.init) }

  /// Whether both lead to the same file, by whatever names.
  package static func areSame(_ path: String, _ other: String) -> Bool {
    identity(of: path).map { $0 == identity(of: other) } ?? false
  }

  /// What becomes another when a file is written, or another takes its place.
  package struct Stamp: Sendable, Equatable {
    private let identity: Identity
    private let size: Int
    private let times: [Int]

    fileprivate init(_ status: stat) {
      (identity, size) = (Identity(status), Int(status.st_size))
      let (content, all) = (status.st_mtim, status.st_ctim)
      times = [content.tv_sec, content.tv_nsec, all.tv_sec, all.tv_nsec]
    }

    /// When its content was changed last, in seconds since 1970.
    package var changedSeconds: Int { times[0] }
  }

  /// The stamp of what a path leads to; nil where there is nothing.
  package static func stamp(of path: String) -> Stamp? { status(of: path).map(Stamp.init) }
}

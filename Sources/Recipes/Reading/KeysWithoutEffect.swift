internal import Formats

extension Node {
  /// Removes the keys that are unknown or have no effect with what a layer sets over them, and gives
  /// their paths; those that are so `without` that layer are mistakes and stay.
  ///
  /// With them goes the warm start of a new model where a layer sets a trained one in its place: it
  /// would train that anew, which is meant only where the same layer says so.
  mutating func leaveOutKeysWithoutEffect(
    under layer: RecipePlace.Layer, without: Node, _ context: () -> Context
  ) -> [String] {
    func refused(in root: Node) -> [String] {
      let context = context()
      _ = Format<Recipe>.section.read(root, context)
      return context.journal.refused.map(\.path)
    }
    var removed: [String] = []
    let model = ["model", "path"] as [Substring]
    if node(at: model)?.layer == layer, without.node(at: model) == nil, node(at: ["train"]) != nil,
      let warmStart = node(at: ["warm_start"]), !warmStart.isNull, warmStart.layer < layer
    {
      removed.append("warm_start")
      self = replacing(["warm_start"], with: nil)
    }
    while true {
      let found = refused(in: self).filter {
        node(at: $0.split(separator: "."))?.saysMore(than: layer) ?? false
      }
      if found.isEmpty { return removed }
      let mistakes = Set(refused(in: without))
      let keys = found.filter { !mistakes.contains($0) }
      if keys.isEmpty { return removed }
      remove(keys, under: layer)
      removed += keys
    }
  }

  /// Removes keys, but for what a layer says itself, be it of a part of them.
  mutating func remove(_ keys: [String], under layer: RecipePlace.Layer) {
    for path in keys.map({ $0.split(separator: ".") }) {
      guard let node = node(at: path), node.saysMore(than: layer) else { continue }
      self = replacing(path, with: node.said(by: layer))
    }
  }

  /// What a layer says of the value, where `null` says nothing; a list as a whole, if any of its
  /// items.
  private func said(by layer: RecipePlace.Layer) -> Node? {
    if place.layer >= layer { return isNull ? nil : self }
    switch content {
    case .scalar: return nil
    case .list(let items): return items.contains { $0.said(by: layer) != nil } ? self : nil
    case .map(let entries):
      let said = entries.compactMap { entry in
        entry.value.said(by: layer).map { Entry(key: entry.key, value: $0) }
      }
      return said.first.map {
        Node(content: .map(said), place: $0.value.place, directory: directory)
      }
    }
  }

  /// Whether something of the value would be left out where only a layer's part of it is kept.
  private func saysMore(than layer: RecipePlace.Layer) -> Bool {
    guard place.layer < layer else { return false }
    switch content {
    case .scalar: return true
    case .list: return said(by: layer) == nil
    case .map(let entries):
      return entries.isEmpty || entries.contains { $0.value.saysMore(than: layer) }
    }
  }
}

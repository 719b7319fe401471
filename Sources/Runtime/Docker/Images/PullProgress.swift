/// What the many lines of a pull come to, in words for people: about one for each twentieth of the way.
struct PullProgress {
    private struct Layer {
        var received = 0
        var total = 0
        var isDone = false
    }

    private var layers: [String: Layer] = [:]
    private var lastStep = -1

    /// What is to be said now, if anything: "12MB of 120MB, 3 of 8 layers".
    mutating func take(_ line: JSONView) -> String? {
        guard let id = line["id"].string, let status = line["status"].string else { return nil }
        var layer = layers[id] ?? Layer()
        switch status {
        case "Pulling fs layer", "Waiting": break
        case "Downloading":
            layer.received = line["progressDetail"]["current"].integer ?? layer.received
            layer.total = line["progressDetail"]["total"].integer ?? layer.total
        case "Download complete": layer.received = layer.total
        case "Pull complete", "Already exists": layer.isDone = true
        case let word where word.hasPrefix("Retrying in"): return "\(word.lowercased()): a layer"
        default: return nil
        }
        layers[id] = layer
        return words()
    }

    private mutating func words() -> String? {
        let total = layers.values.reduce(0) { $0 + $1.total }
        let received = layers.values.reduce(0) { $0 + min($1.received, $1.total) }
        let done = layers.values.count { $0.isDone }
        let step = (total > 0 ? received * 20 / total : 0) * 1000 + done
        guard step > lastStep else { return nil }
        lastStep = step
        let parts = "\(done) of \(layers.count) layers"
        return total == 0 ? parts : "\(Units.describe(bytes: received)) of \(Units.describe(bytes: total)), \(parts)"
    }
}

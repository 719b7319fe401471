import Runtime

/// One open event stream.
@Loop
final class EventStreamOut {
    /// Nil for the stream of all directories.
    let directory: String?
    let writer: ResponseWriter
    /// A connection whose other end has died without a word.
    var isMuted = false

    init(_ writer: ResponseWriter, directory: String?) {
        self.writer = writer
        self.directory = directory
    }
}

/// The event streams of one life of the server.
@Loop
final class EventHub {
    private(set) var streams: [EventStreamOut] = []
    private let ids: Ids
    private let heartbeat: Duration
    private let modes: () -> FakeModes
    private let changed: () -> Void
    private var timer: Timer?

    init(_ ids: Ids, heartbeat: Duration, modes: @escaping () -> FakeModes, changed: @escaping () -> Void) {
        self.ids = ids
        self.heartbeat = heartbeat
        self.modes = modes
        self.changed = changed
    }

    func open(_ writer: ResponseWriter, directory: String?) {
        let stream = EventStreamOut(writer, directory: directory)
        streams.append(stream)
        writer.onGone = { [weak self, weak stream] in
            self?.streams.removeAll { $0 === stream }
            self?.changed()
        }
        if !modes().isSilent { send(server("server.connected"), to: stream) }
        if modes().closesStreams { close([stream], broken: false) }
        beat()
        changed()
    }

    /// Sends an event to all who listen to its directory; `global` reaches the stream of all directories alone.
    func emit(_ type: String, _ properties: JSONValue, directory: String, project: String?, sync: JSONValue? = nil) {
        let modes = modes()
        guard !modes.isSilent, !modes.heartbeatsOnly else { return }
        let event = event(type, properties)
        for stream in streams where !stream.isMuted {
            guard let own = stream.directory else {
                send(wrapped(event, directory, project), to: stream)
                if let sync, !modes.oldDialect { send(wrapped(repeated(sync, event), directory, project), to: stream) }
                continue
            }
            if own == directory { send(event, to: stream) }
        }
    }

    /// The last word to a directory's streams, then their end.
    func dispose(_ directory: String, project: String?) {
        emit("server.instance.disposed", ["directory": .string(directory)], directory: directory, project: project)
        close(streams.filter { $0.directory == directory }, broken: false)
    }

    func beatNow() {
        guard !modes().isSilent else { return }
        for stream in streams where !stream.isMuted { send(server("server.heartbeat"), to: stream) }
    }

    func mute() { for stream in streams { stream.isMuted = true } }

    func closeAll(broken: Bool) { close(streams, broken: broken) }

    func end() {
        timer?.cancel()
        timer = nil
        streams = []
    }

    private func close(_ ended: [EventStreamOut], broken: Bool) {
        for stream in ended {
            streams.removeAll { $0 === stream }
            if broken { stream.writer.fail() } else { stream.writer.end() }
        }
        changed()
    }

    private func beat() {
        guard timer?.isScheduled != true else { return }
        let timer =
            self.timer
            ?? Timer { [weak self] in
                guard let self, !self.streams.isEmpty else { return }
                self.beatNow()
                self.timer?.schedule(after: self.heartbeat)
            }
        self.timer = timer
        timer.schedule(after: heartbeat)
    }

    // MARK: shapes

    private func event(_ type: String, _ properties: JSONValue) -> JSONObject {
        object([
            "id": JSONValue.string(ids.next("evt")).when(!modes().oldDialect), "type": .string(type),
            "properties": properties,
        ])
    }

    /// Connection and heartbeat name no directory.
    private func server(_ type: String) -> JSONObject { event(type, [:]) }

    private func wrapped(_ event: JSONObject, _ directory: String, _ project: String?) -> JSONObject {
        object(["directory": .string(directory), "project": .text(project), "payload": .object(event)])
    }

    private func repeated(_ sync: JSONValue, _ event: JSONObject) -> JSONObject {
        var sync = sync.members ?? JSONObject()
        sync["id"] = event["id"]
        return object(["type": "sync", "syncEvent": .object(sync), "id": event["id"]])
    }

    private func send(_ event: JSONObject, to stream: EventStreamOut) {
        let isServerEvent = event.text("type")?.hasPrefix("server.") == true && stream.directory == nil
        let json = isServerEvent ? value(["payload": .object(event)]).json : JSONValue.object(event).json
        // A client that reads nothing for 16 MB loses its connection; the writer sees to that.
        stream.writer.writeNow("data: \(json)\n\n")
    }
}

import Runtime

/// How the chat shows a part that is not plain text, as the hook `render` decided.
struct Rendering: Sendable, Equatable {
    enum Show: String, Sendable { case native, details, text, nothing }

    var show: Show
    var title: String?
    var text: String?
    /// A line above it.
    var before: String?

    init(show: Show, title: String? = nil, text: String? = nil, before: String? = nil) {
        self.show = show
        self.title = title
        self.text = text
        self.before = before
    }

    init(_ decision: Decision, isNative: Bool) {
        let wanted = decision["show"]?.string.flatMap(Show.init) ?? (isNative ? .native : .details)
        // A form of its own is only for clients that have one.
        show = wanted == .native && !isNative ? .details : wanted
        title = decision["title"]?.string
        text = decision["text"]?.string
        before = decision["before"]?.string
    }
}

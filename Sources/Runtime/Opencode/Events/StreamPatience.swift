/// How long an event stream is waited for before it is connected again. No clock inside.
struct StreamPatience {
    let first: Duration
    let last: Duration
    private var next: Duration

    init(first: Duration, last: Duration) {
        self.first = first
        self.last = last
        next = first
    }

    /// A stream that told something was a good one; one that ends right after its beginning is not.
    mutating func ended(toldSomething: Bool) -> Duration {
        if toldSomething { next = first }
        defer { next = min(next * 2, last) }
        return next
    }
}

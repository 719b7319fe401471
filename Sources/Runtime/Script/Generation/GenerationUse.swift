/// Keeps a generation open for as long as somebody has it: for work that outlives one call, such as a streamed answer.
@Loop
public final class GenerationUse {
    public let generation: Generation

    public init(_ generation: Generation) {
        self.generation = generation
        generation.retain()
    }

    deinit {
        let generation = generation
        Loop.post { generation.release() }
    }
}

/// Where a model is asked: a service that speaks one of two protocols, or a program on this machine. Settings only.
public struct ModelProvider: Sendable {
    public enum Form: String, Sendable, CaseIterable {
        /// `POST {base}/chat/completions`, as most services and local servers speak it.
        case openAI = "openai_compatible"
        /// `POST {base}/v1/messages`.
        case anthropic
        /// A program that takes the prompt on its standard input.
        case cli
    }

    /// How much an Anthropic model thinks is said in one of two ways, by the model's age.
    public enum Thinking: String, Sendable, CaseIterable {
        /// The model weighs it itself, by a word.
        case effort
        /// A number of tokens.
        case budget
    }

    /// Dollars for a million tokens.
    public struct Prices: Sendable, Equatable {
        public var input: Double
        public var output: Double

        public init(input: Double, output: Double) {
            self.input = input
            self.output = output
        }
    }

    public struct Limits: Sendable, Equatable {
        /// From the request sent to the first line of the answer.
        public var head = Duration.seconds(120)
        /// Between two signs of life; models that think send none for minutes.
        public var idle = Duration.seconds(300)
        /// For a program, in all.
        public var program = Duration.seconds(300)
        /// Of an answer's text, or of a program's output; more fails.
        public var answer = 20 << 20

        public init() {}
    }

    public var name: String
    public var form: Form
    /// Without a trailing slash; nil for programs.
    public var base: WebAddress?
    public var key: Secret?
    public var model: String
    /// The program and its arguments.
    public var command: [String] = []
    public var thinking = Thinking.effort
    public var prices: Prices?
    /// What an answer may have when the request does not say.
    public var maxTokens: Int?
    public var limits = Limits()

    public init(_ name: String, _ form: Form, base: WebAddress? = nil, key: Secret? = nil, model: String) {
        self.name = name
        self.form = form
        self.base = base
        self.key = key
        self.model = model
    }

    /// Where a protocol's path is on this provider. A base that ends with the path's own first part, as in `…/v1`, does
    /// not get it twice.
    func address(_ path: String) throws -> WebAddress {
        guard let base else {
            throw ProviderFailure(
                .misconfigured, "the provider \(name) has no base URL", provider: name,
                hint: "set OZ_PROVIDER_\(name.uppercased())_BASE_URL")
        }
        var stem = base.path
        while stem.hasSuffix("/") { stem.removeLast() }
        var steps = path[...]
        if let slash = path.firstIndex(of: "/"), stem.hasSuffix("/\(path[..<slash])") {
            steps = path[path.index(after: slash)...]
        }
        return try WebAddress("\(base.origin)\(stem)/\(steps)\(base.query.map { "?\($0)" } ?? "")")
    }

    /// What an answer cost, if the price is known.
    func cost(_ usage: ModelUsage) -> Double? {
        usage.cost ?? prices.map { (Double(usage.input) * $0.input + Double(usage.output) * $0.output) / 1e6 }
    }
}

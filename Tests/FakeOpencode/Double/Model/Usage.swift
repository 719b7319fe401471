import Runtime

/// What the scripted model says it has used, and the original's arithmetic on it.
struct Usage: Sendable, Equatable {
    var prompt = 100
    var cached = 40
    var completion = 20
    var reasoning = 5

    /// Dollars for a million tokens: input 1, output 2, read from the cache 0.1.
    var cost: Double {
        (Double(prompt - cached) + Double(completion) * 2 + Double(cached) * 0.1) / 1_000_000
    }

    /// As messages and step ends bear it: input without the cached, output without the reasoning.
    var tokens: JSONValue {
        value([
            "total": .int(prompt + completion), "input": .int(prompt - cached), "output": .int(completion - reasoning),
            "reasoning": .int(reasoning), "cache": ["write": 0, "read": .int(cached)],
        ])
    }

    static let none: JSONValue = [
        "input": 0, "output": 0, "reasoning": 0, "cache": ["read": 0, "write": 0],
    ]

    /// A session's sum, which has no total.
    func added(to sum: JSONValue?) -> JSONValue {
        func old(_ key: String) -> Int { sum?[key]?.integer ?? 0 }
        return [
            "input": .int(old("input") + prompt - cached), "output": .int(old("output") + completion - reasoning),
            "reasoning": .int(old("reasoning") + reasoning),
            "cache": [
                "read": .int((sum?["cache"]?["read"]?.integer ?? 0) + cached),
                "write": .int(sum?["cache"]?["write"]?.integer ?? 0),
            ],
        ]
    }
}

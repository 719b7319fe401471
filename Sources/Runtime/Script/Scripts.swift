/// The scripts that serve now, and why the newest do not.
///
/// A change on disk leads to a new generation, built aside. Only when all of it is good does it become `live`; else the
/// old one serves on and `failure` says what is wrong.
@Loop
public final class Scripts {
    public typealias Outcome = Result<Generation, ScriptFailure>

    public private(set) var live: Generation
    /// Nil while the newest scripts serve.
    public private(set) var failure: ScriptFailure?
    /// Where the live generation comes from when it is not what lies on the disk.
    public private(set) var fallback: Fallback?
    public private(set) var reloads = (good: 0, bad: 0)
    public let sources: ScriptSources
    public let limits: ScriptLimits
    /// Called after each swap, with the generation that is live from now on.
    public var onSwap: [(Generation) -> Void] = []
    /// Called after each build that failed.
    public var onFailure: [(ScriptFailure) -> Void] = []

    /// What serves when the scripts cannot be loaded at start.
    public enum Fallback: String, Sendable { case lastGood = "last_good", shipped, builtIn = "built_in" }

    private let table: HostTable
    private let log: Log
    private let lastGood: LastGood?
    private let scope: Scope
    private let wallClock: () -> Double
    private let cache = CodeCache()
    private var wanting: [(reason: String, waiter: Waiter<Outcome>)] = []
    private var isBuilding = false
    private var built: ScriptSet?
    private var lastNumber = 0
    private var watch: ScriptWatch?
    /// What was kept for the next start, and what is to be.
    private var kept: ScriptSet?
    private var goodOnes: ScriptSet?
    private var isKeeping = false
    private var draining: [ObjectIdentifier: Generation] = [:]

    /// `lastGood` is where the scripts of the last good generation are kept for the next start; nil keeps none.
    public init(
        _ sources: ScriptSources, table: HostTable, limits: ScriptLimits = ScriptLimits(), log: Log, scope: Scope,
        lastGood: String? = nil, wallClock: @escaping () -> Double
    ) throws {
        self.sources = sources
        self.table = table
        self.limits = limits
        self.log = log
        self.scope = scope
        self.lastGood = lastGood.map { LastGood(path: $0) }
        self.wallClock = wallClock
        live = Generation(
            number: 0, began: wallClock(), ScriptSet(), limits, table, try GenerationBuilder.state(table, limits, [:]),
            GenerationContents(), codes: [:])
    }

    /// Loads the scripts. It never fails for what is in them: then the last good ones serve, or the shipped ones, or the
    /// built-in answers.
    public func start() async {
        if case .failure = await reload("start") { await fallBack() }
    }

    /// Reloads whenever something changes in the directories.
    public func follow() throws {
        watch = try ScriptWatch(sources) { [unowned self] in
            scope.spawn("reload") { [weak self] in _ = await self?.reload("change") }
        }
        // What changed between the first look and this moment was seen by nobody.
        scope.spawn("reload") { [weak self] in _ = await self?.reload("change") }
    }

    /// Builds what lies on the disk now. Reloads that are asked for meanwhile share the next build.
    @discardableResult
    public func reload(_ reason: String) async -> Outcome {
        let waiter = Waiter<Outcome>("the reload")
        wanting.append((reason, waiter))
        if !isBuilding { scope.spawn("reload") { [self] in await buildWhileWanted() } }
        do {
            return try await waiter.value()
        } catch {
            return .failure(
                ScriptFailure(
                    problems: [ScriptProblem("scripts", Fault(error).message)], since: wallClock(), number: lastNumber))
        }
    }

    public func close() async {
        watch?.close()
        watch = nil
        onSwap = []
        onFailure = []
        for generation in draining.values { generation.close() }
        live.close()
    }

    /// Generations that serve on for work that began with them.
    public var drainingCount: Int { draining.count }

    private func buildWhileWanted() async {
        guard !isBuilding else { return }
        isBuilding = true
        defer { isBuilding = false }
        while !wanting.isEmpty {
            let asked = wanting
            wanting = []
            let reasons = asked.map(\.reason).joined(separator: ", ")
            let outcome = await build(reasons, isForced: asked.contains { $0.reason != "change" })
            for (_, waiter) in asked { waiter.finish(.success(outcome)) }
            await watch?.refresh()
        }
    }

    private func build(_ reason: String, isForced: Bool) async -> Outcome {
        let sources = sources
        do {
            let known = built ?? ScriptSet()
            let began = Instant.clock
            let set = try await BlockingPool.shared.run("reading scripts") { sources.read(reusing: known) }
            // An editor's touch, or a change back: nothing to do, and nothing new to complain of.
            if !isForced, set == built, let outcome = unchanged { return outcome }
            built = set
            lastNumber += 1
            return .success(try await build(set, reason, since: began))
        } catch let failure as GenerationBuilder.Failure {
            return .failure(failed(failure.problems, reason))
        } catch {
            let fault = Fault(error)
            let problem = ScriptProblem("scripts", fault.message, hint: fault.hint)
            // The house is closing: nothing is wrong with the scripts.
            if fault.kind == .cancelled {
                return .failure(ScriptFailure(problems: [problem], since: wallClock(), number: lastNumber))
            }
            return .failure(failed([problem], reason))
        }
    }

    private var unchanged: Outcome? {
        if let failure { return .failure(failure) }
        return live.number > 0 ? .success(live) : nil
    }

    private func build(_ set: ScriptSet, _ reason: String, since began: Instant) async throws -> Generation {
        let builder = GenerationBuilder(
            number: lastNumber, set: set, table: table, limits: limits, cache: cache, now: wallClock())
        let generation = try await builder.build()
        failure = nil
        fallback = nil
        reloads.good += 1
        swap(to: generation)
        log.info(
            "scripts live",
            [
                "generation": LogValue(generation.number), "files": LogValue(set.files.count),
                "took_ms": LogValue(Int((Instant.clock - began).inSeconds * 1000)), "reason": LogValue(reason),
            ])
        keepAsLastGood(set)
        return generation
    }

    private func swap(to generation: Generation) {
        let old = live
        live = generation
        cache.keepOnly([generation.files, built?.files ?? []])
        draining[ObjectIdentifier(old)] = old
        old.onClose { [weak self] in self?.draining[ObjectIdentifier(old)] = nil }
        old.retire()
        for tell in onSwap { tell(generation) }
    }

    private func failed(_ problems: [ScriptProblem], _ reason: String) -> ScriptFailure {
        let failure = ScriptFailure(problems: problems, since: wallClock(), number: lastNumber)
        self.failure = failure
        reloads.bad += 1
        for problem in problems {
            log.error(
                "\(problem)",
                ["hint": LogValue(problem.hint ?? ""), "serving": LogValue(live.number), "reason": LogValue(reason)])
        }
        for tell in onFailure { tell(failure) }
        return failure
    }

    private func keepAsLastGood(_ set: ScriptSet) {
        guard lastGood != nil else { return }
        goodOnes = set
        if !isKeeping { scope.spawn("keep the last good scripts") { [self] in await keepGoodOnes() } }
    }

    /// One write at a time, of the newest, so that an older set never comes to lie over a newer one.
    private func keepGoodOnes() async {
        guard let lastGood, !isKeeping else { return }
        isKeeping = true
        defer { isKeeping = false }
        while let set = goodOnes {
            goodOnes = nil
            do {
                try await BlockingPool.shared.run("keeping the last good scripts") { [kept] in
                    try lastGood.write(set, after: kept)
                }
                kept = set
            } catch {
                kept = nil
                log.warning("the last good scripts could not be kept for the next start: \(Fault(error))")
            }
        }
    }

    /// At start, when what lies on the disk does not load.
    private func fallBack() async {
        let complaint = failure
        let shipped = ScriptSources(shipped: sources.shipped, overlay: nil)
        let lastGood = lastGood
        let choices: [(Fallback, @Sendable () throws -> ScriptSet?)] = [
            (.lastGood, { try lastGood?.read() }), (.shipped, { shipped.read() }),
        ]
        for (choice, read) in choices {
            do {
                guard let set = try await BlockingPool.shared.run("reading scripts", read) else { continue }
                lastNumber += 1
                let builder = GenerationBuilder(
                    number: lastNumber, set: set, table: table, limits: limits, cache: cache, now: wallClock())
                swap(to: try await builder.build())
                fallback = choice
                break
            } catch {
                log.warning("the \(choice.rawValue) scripts do not load either: \(Fault(error).message)")
            }
        }
        if fallback == nil { fallback = .builtIn }
        failure = complaint
        log.warning("serving without the newest scripts", ["from": LogValue(fallback!.rawValue)])
    }
}

import Runtime

/// Looks at the Docker Engine that runners in containers would be on, changing nothing.
@Loop
struct DockerCheckup {
    private let settings: Settings

    init(_ settings: Settings) { self.settings = settings }

    func findings() async -> [Finding] {
        do {
            let docker = DockerEngine(try settings.docker(), mark: DockerMark(owner: "doctor"))
            let findings = await look(at: docker)
            await docker.close()
            return findings
        } catch {
            return [bad("docker", error)]
        }
    }

    private func look(at docker: DockerEngine) async -> [Finding] {
        do {
            let info = try await Deadline.within(.seconds(10)) { try await docker.info() }
            let kind = info.isRootless ? "rootless" : "as root"
            var findings = [
                Finding(
                    subject: "docker", state: .good,
                    text: "\(info.version) (\(kind)), API \(try await docker.version()), \(info.running) running")
            ]
            if !docker.address.isHere {
                findings.append(
                    Finding(
                        subject: "docker place", state: .worth,
                        text: "\(docker.address.name) may be another machine",
                        advice:
                            "its runners listen on its own loopback address and see its own directories: run Perigee in "
                            + "a container of that engine"))
            }
            findings += info.warnings.map {
                Finding(
                    subject: "docker limits", state: .worth, text: $0,
                    advice: "runners work without that bound; see the guide of your Docker for cgroups")
            }
            findings.append(await image(in: docker))
            return findings
        } catch {
            return [bad("docker", error)]
        }
    }

    private func image(in docker: DockerEngine) async -> Finding {
        let name = settings[SettingTable.runnerImage]
        do {
            let image = try await Deadline.within(.seconds(10)) { try await docker.image(name) }
            return Finding(subject: "runner image", state: .good, text: "\(name) is here (\(image.id.prefix(19)))")
        } catch let fault as Fault where fault.kind == .notFound {
            return Finding(
                subject: "runner image", state: .worth, text: "\(name) is not here",
                advice: "the first runner pulls it while a chat waits; `docker pull \(name)` does so now")
        } catch {
            return bad("runner image", error)
        }
    }

    private func bad(_ subject: String, _ error: any Error) -> Finding {
        let fault = Fault(error)
        return Finding(subject: subject, state: .bad, text: fault.message, advice: fault.hint)
    }
}

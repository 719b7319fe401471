import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("deploy/kubernetes")
@Loop
struct KubernetesTests {
    private nonisolated static let folder = "\(Fixture.root)/deploy/kubernetes"

    private func check(_ python: String, _ directory: String) async throws -> (code: Int32, output: String) {
        let result = try await Subprocess.run(
            [python, TestEnvironment.fixture("kubernetes/check.py"), directory],
            .init(environment: .only(Program.base.merging(["PYTHONDONTWRITEBYTECODE": "1"]) { $1 })))
        return (result.exitCode, result.outputText + result.errorText)
    }

    @Test("the manifests are what Kubernetes takes, run without rights, and keep secrets where they belong")
    func manifests() async throws {
        guard let python = TestEnvironment.python(for: "deploy/kubernetes") else { return }
        let result = try await check(python, Self.folder)
        #expect(result.code == 0, "\(result.output)")
        #expect(result.output.contains("6 manifests are good"))
    }

    @Test("a slip in them is found")
    func slips() async throws {
        guard let python = TestEnvironment.python(for: "deploy/kubernetes") else { return }
        let slips = [
            ("runAsNonRoot: true", "runAsNonRoot: false", "may run as root"),
            ("replicas: 1", "replicas: one", "Deployment"),
            ("terminationGracePeriodSeconds", "terminationGrace", "Grace"),
            ("drop: [\"ALL\"]", "drop: []", "keeps capabilities"),
            ("    project-id: example\n  ports", "    project-id: other\n  ports", "project-id=other"),
        ]
        for (before, after, word) in slips {
            let directory = TemporaryDirectory()
            for name in ["namespace", "project", "network", "budget"] {
                let text = try Fixture.read("deploy/kubernetes/\(name).yaml")
                directory.write(text.replacing(before, with: after), to: "\(name).yaml")
            }
            let result = try await check(python, directory.path)
            #expect(result.code == 1 && result.output.contains(word), "\(before): \(result.output)")
        }
    }

    @Test("the program takes every setting that the pod gives it, in the profile that the pod names")
    func settings() async throws {
        let pod = try Fixture.read("deploy/kubernetes/project.yaml")
        let own = pod.prefix(upTo: pod.firstRange(of: "- name: opencode\n")!.lowerBound)
        let names = own.matches(of: /- name: ([A-Z_]+)\n/).map { String($0.1) }
        #expect(names.count >= 6)
        for name in names { #expect(SettingTable.all.contains { $0.name == name }, "\(name)") }
        let shown = try await Program.run(["config", "--profile", "sidecar"])
        for row in ["PORT", "HOST", "WORKSPACE_DIR"] {
            let lines = shown.output.split(separator: "\n").filter { $0.hasPrefix("\(row) ") }
            #expect(lines.count == 1 && lines[0].hasSuffix("profile sidecar"), "\(shown.output)")
        }
        let other = try await Program.run(["config", "--profile", "sidecar", "PORT=3004"])
        #expect(other.output.split(separator: "\n").contains { $0.hasPrefix("PORT ") && $0.contains("3004") })
        #expect(try await Program.run(["config", "--profile", "sidecart"]).code == 64)
    }
}

"""Holds manifests against the schemas of Kubernetes, and against what this product promises of them: check.py DIRECTORY"""

import pathlib
import sys

import kubernetes_validate
import yaml

VERSIONS = ["1.27", "1.37"]


def manifests(directory):
    for path in sorted(pathlib.Path(directory).glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            if document and document["kind"] != "Kustomization":
                yield path.name, document


def faults(directory):
    found = list(manifests(directory))
    for name, document in found:
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
                yield f"{name}: {document['kind']} in {version}: {error}"
    kinds = {document["kind"]: document for _, document in found}
    for kind in ["Deployment", "Service", "PersistentVolumeClaim", "NetworkPolicy", "PodDisruptionBudget"]:
        if kind not in kinds:
            yield f"there is no {kind}"
    yield from pod_faults(kinds["Deployment"])
    labels = kinds["Deployment"]["spec"]["template"]["metadata"]["labels"]
    for kind, path in [("NetworkPolicy", "podSelector"), ("PodDisruptionBudget", "selector"), ("Service", "selector")]:
        wanted = kinds[kind]["spec"][path]
        for label, value in wanted.get("matchLabels", wanted).items():
            if labels.get(label) != value:
                yield f"the {kind} selects {label}={value}, which the pod has not"


def pod_faults(deployment):
    pod = deployment["spec"]["template"]["spec"]
    if not pod["securityContext"].get("runAsNonRoot"):
        yield "the pod may run as root"
    volumes = {volume["name"] for volume in pod["volumes"]}
    places = {}
    for container in pod["containers"]:
        name, security = container["name"], container.get("securityContext", {})
        if security.get("allowPrivilegeEscalation") is not False or not security.get("readOnlyRootFilesystem"):
            yield f"{name} may gain rights, or write where it should not"
        if security.get("capabilities", {}).get("drop") != ["ALL"]:
            yield f"{name} keeps capabilities"
        for kind in ["requests", "limits"]:
            if set(container.get("resources", {}).get(kind, {})) != {"cpu", "memory"}:
                yield f"{name} has no {kind} of cpu and memory"
        for variable in container.get("env", []):
            if any(word in variable["name"] for word in ["SECRET", "PASSWORD", "KEY"]) and "value" in variable:
                yield f"{name} has {variable['name']} in the open"
        for mount in container["volumeMounts"]:
            if mount["name"] not in volumes:
                yield f"{name} mounts {mount['name']}, which is no volume of the pod"
            places.setdefault(mount.get("subPath"), []).append((name, mount["mountPath"]))
    if len(places.get("workspace", [])) != 2:
        yield "the workspace is not shared"
    perigee = pod["containers"][0]
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"]:
        if probe not in perigee:
            yield f"perigee has no {probe}"


if __name__ == "__main__":
    complaints = list(faults(sys.argv[1]))
    print("\n".join(complaints) or f"{len(list(manifests(sys.argv[1])))} manifests are good")
    sys.exit(1 if complaints else 0)

#!/usr/bin/env python3
"""Packs the operator into container images on an empty base, as OCI layouts in tar archives. Nothing is pulled or run.

    pack.py --into target/image --name NAME --version VERSION --revision COMMIT --created SECONDS --made-with WORDS \\
        --authorities cacert.pem --license LICENSE --licenses OTHERS amd64=PATH arm64=PATH

Writes tracktik-operator-ARCH.tar for each, and tracktik-operator.tar, whose index has all, if there are several; prints of
each archive its name and the digest that a registry will know it by. The same input gives the same bytes.
"""

import argparse
import datetime
import pathlib

from archive import gzip, tar
from layout import OCI, Layout, rendered

TITLE = "tracktik-operator"
DESCRIPTION = "Keeps TrackTik API tokens fresh in Kubernetes Secrets"


def labels(options):
    """What an image tells of itself, in the words of the OCI."""
    told = {"title": TITLE, "description": DESCRIPTION, "licenses": "Apache-2.0", "version": options.version}
    for key in ("revision", "source"):
        if getattr(options, key):
            told[key] = getattr(options, key)
    return {"org.opencontainers.image." + key: value for key, value in told.items()}


def image(layout, options, architecture, program):
    """Adds one image to a layout: its one layer, configuration and manifest. Returns how an index refers to it."""
    layer = tar([
        ("LICENSE", options.license.read_bytes(), 0o644),
        ("THIRD-PARTY-LICENSES", options.licenses.read_bytes(), 0o644),
        ("etc", None, 0o755),
        ("etc/ssl", None, 0o755),
        ("etc/ssl/certs", None, 0o755),
        # Whom to trust at the token endpoint. With nobody the operator refuses to start; --ca-bundle adds to these. The API
        # server's authority comes with the pod's ServiceAccount.
        ("etc/ssl/certs/ca-certificates.crt", options.authorities.read_bytes(), 0o644),
        (TITLE, program.read_bytes(), 0o755),
    ])
    created = datetime.datetime.fromtimestamp(options.created, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    configuration = {
        "architecture": architecture,
        "created": created,
        "config": {
            # A number, so that the kubelet can tell that it is not root.
            "User": "65532:65532",
            "ExposedPorts": {"8080/tcp": {}},
            "Entrypoint": ["/" + TITLE],
            "Cmd": ["run"],
            "WorkingDir": "/",
            "Labels": labels(options),
        },
        "history": [{"created": created, "created_by": options.made_with}],
    }
    return layout.image(configuration, layer, gzip(layer), annotations=labels(options))


def for_docker(manifest, name):
    """A Docker that keeps images the old way, as before containerd's store, reads this file and not the index."""
    path = lambda blob: "blobs/" + blob["digest"].replace(":", "/")
    layers = [path(layer) for layer in manifest["layers"]]
    return ("manifest.json", rendered([{"Config": path(manifest["config"]), "RepoTags": [name], "Layers": layers}]))


def write(options, file, described, archive):
    (options.into / file).write_bytes(archive)
    print(file, described["digest"])


def main():
    parser = argparse.ArgumentParser()
    for flag in ("--into", "--authorities", "--license", "--licenses"):
        parser.add_argument(flag, type=pathlib.Path, required=True)
    for flag in ("--name", "--version", "--made-with"):
        parser.add_argument(flag, required=True)
    parser.add_argument("--revision")
    parser.add_argument("--source")
    parser.add_argument("--created", type=int, default=0)
    parser.add_argument("programs", nargs="+", metavar="ARCHITECTURE=PATH")
    options = parser.parse_args()
    name = f"{options.name}:{options.version}"

    everything, index = Layout(), []
    for argument in sorted(options.programs):
        architecture, _, program = argument.partition("=")
        layout = Layout()
        described, manifest = image(layout, options, architecture, pathlib.Path(program))
        archive = layout.archive(described, name, [for_docker(manifest, name)])
        write(options, f"{TITLE}-{architecture}.tar", described, archive)
        everything.blobs |= layout.blobs
        index.append(described)
    if len(index) > 1:
        whole = {"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": index, "annotations": labels(options)}
        described = everything.add(rendered(whole), "index.v1+json")
        write(options, TITLE + ".tar", described, everything.archive(described, name))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Packs the operator into container images on an empty base, as OCI layouts in tar archives. Nothing is pulled or run.

    pack.py --into target/image --name NAME --version VERSION --revision COMMIT --created SECONDS --made-with WORDS \\
        --authorities cacert.pem --license LICENSE --licenses OTHERS amd64=PATH arm64=PATH

Writes tracktik-operator-ARCH.tar for each, and tracktik-operator.tar, whose index has all, if there are several; prints of
each archive its name and the digest that a registry will know it by. The same input gives the same bytes.
"""

import argparse
import datetime
import hashlib
import json
import pathlib

from archive import gzip, tar

OCI = "application/vnd.oci.image."
TITLE = "tracktik-operator"
DESCRIPTION = "Keeps TrackTik API tokens fresh in Kubernetes Secrets"


def rendered(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def digest(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


class Layout:
    """The blobs of one archive, by digest."""

    def __init__(self):
        self.blobs = {}

    def add(self, content, kind):
        """Takes a blob in, and says how another one refers to it."""
        self.blobs[digest(content)] = content
        return {"mediaType": OCI + kind, "digest": digest(content), "size": len(content)}

    def archive(self, root, name, more=()):
        """The archive, with the name under which containerd, Docker and Podman load what it holds."""
        names = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.rsplit(":", 1)[1]}
        index = {"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": [root | {"annotations": names}]}
        entries = [("oci-layout", rendered({"imageLayoutVersion": "1.0.0"}), 0o644), ("index.json", rendered(index), 0o644)]
        entries += [(path, content, 0o644) for path, content in more]
        entries += [("blobs", None, 0o755), ("blobs/sha256", None, 0o755)]
        entries += [("blobs/" + key.replace(":", "/"), blob, 0o644) for key, blob in sorted(self.blobs.items())]
        return tar(entries)


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
        "os": "linux",
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
        "rootfs": {"type": "layers", "diff_ids": [digest(layer)]},
        "history": [{"created": created, "created_by": options.made_with}],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI + "manifest.v1+json",
        "config": layout.add(rendered(configuration), "config.v1+json"),
        "layers": [layout.add(gzip(layer), "layer.v1.tar+gzip")],
        "annotations": labels(options),
    }
    described = layout.add(rendered(manifest), "manifest.v1+json")
    return described | {"platform": {"os": "linux", "architecture": architecture}}, manifest


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

#!/usr/bin/env python3
"""Packs programs and files into an image of one layer, as an OCI archive that `ctr images import` takes.

    pack-image.py --output OUT.tar --name NAME:TAG [--user UID:GID] SOURCE:DESTINATION...

Nothing is pulled: below is nothing. A program that is linked dynamically brings the libraries that this machine runs it with,
and the first destination is what a container starts. A folder is taken with all that is in it. Equal files make equal bytes.
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import platform
import re
import subprocess
import tarfile
from pathlib import Path

OCI = "application/vnd.oci.image."
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def archive(entries):
    """A tar of (name, content or None for a folder, mode), with nothing of this machine in it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content, mode in entries:
            member = tarfile.TarInfo(name)
            member.mode = mode
            member.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
            member.size = len(content or b"")
            tar.addfile(member, io.BytesIO(content or b""))
    return buffer.getvalue()


def libraries(program):
    """What the loader of this machine would load for a program, the loader included; of a static one nothing."""
    said = subprocess.run(["ldd", program], capture_output=True, text=True)
    return re.findall(r"(?:=> )?(/\S+) \(0x", said.stdout) if said.returncode == 0 else []


def collect(pairs):
    """The files of the image by their path in it."""
    files = {}

    def take(source, destination):
        source = Path(source)
        executable = os.access(source, os.X_OK)
        files[destination.strip("/")] = (source.read_bytes(), 0o755 if executable else 0o644)
        if executable and source.read_bytes()[:4] == b"\x7fELF":
            for library in libraries(source):
                files[library.strip("/")] = (Path(library).read_bytes(), 0o755)

    for pair in pairs:
        source, destination = pair.rsplit(":", 1)
        if Path(source).is_dir():
            for file in sorted(Path(source).rglob("*")):
                if file.is_file():
                    take(file, f"{destination}/{file.relative_to(source)}")
        else:
            take(source, destination)
    return files


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--user", default="65532:65532")
    parser.add_argument("files", nargs="+")
    asked = parser.parse_args()

    files = collect(asked.files)
    folders = {str(folder) for name in files for folder in Path(name).parents} - {"."}
    entries = [(folder, None, 0o755) for folder in sorted(folders)]
    layer = archive(entries + [(name, *files[name]) for name in sorted(files)])

    blobs = {}

    def blob(content, kind):
        digest = hashlib.sha256(content).hexdigest()
        blobs[digest] = content
        return {"mediaType": OCI + kind, "digest": "sha256:" + digest, "size": len(content)}

    def encoded(value):
        return json.dumps(value, sort_keys=True).encode()

    architecture = ARCHITECTURES[platform.machine()]
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Entrypoint": [asked.files[0].rsplit(":", 1)[1]], "User": asked.user, "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI + "manifest.v1+json",
        "config": blob(encoded(config), "config.v1+json"),
        "layers": [blob(gzip.compress(layer, 1, mtime=0), "layer.v1.tar+gzip")],
    }
    top = blob(encoded(manifest), "manifest.v1+json")
    top["platform"] = {"os": "linux", "architecture": architecture}
    top["annotations"] = {"io.containerd.image.name": asked.name}
    index = {"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": [top]}
    contents = [
        ("oci-layout", encoded({"imageLayoutVersion": "1.0.0"}), 0o644),
        ("index.json", encoded(index), 0o644),
        ("blobs", None, 0o755),
        ("blobs/sha256", None, 0o755),
    ]
    contents += [("blobs/sha256/" + digest, content, 0o644) for digest, content in sorted(blobs.items())]
    unfinished = Path(asked.output + ".unfinished")
    unfinished.write_bytes(archive(contents))
    unfinished.rename(asked.output)
    print(asked.name, top["digest"], sum(map(len, blobs.values())), "bytes")


if __name__ == "__main__":
    main()

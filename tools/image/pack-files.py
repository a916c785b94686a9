#!/usr/bin/env python3
"""Packs programs and files into an image of one layer, as an OCI archive that `ctr images import` takes.

    pack-files.py --output OUT.tar --name NAME:TAG [--user UID:GID] SOURCE:DESTINATION...

Nothing is pulled: below is nothing. A program that is linked dynamically brings the libraries that this machine runs it with,
and the first destination is what a container starts. A folder is taken with all that is in it. Equal files make equal bytes.
"""

import argparse
import gzip
import os
import platform
import re
import subprocess
from pathlib import Path

from archive import tar
from layout import Layout

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


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
    layer = tar([(folder, None, 0o755) for folder in sorted(folders)] + [(name, *files[name]) for name in sorted(files)])
    configuration = {
        "architecture": ARCHITECTURES[platform.machine()],
        "config": {"Entrypoint": [asked.files[0].rsplit(":", 1)[1]], "User": asked.user, "WorkingDir": "/"},
    }
    layout = Layout()
    # Quickly: such an image goes nowhere.
    described, _ = layout.image(configuration, layer, gzip.compress(layer, 1, mtime=0))
    unfinished = Path(asked.output + ".unfinished")
    unfinished.write_bytes(layout.archive(described, asked.name))
    unfinished.rename(asked.output)
    print(asked.name, described["digest"], sum(map(len, layout.blobs.values())), "bytes")


if __name__ == "__main__":
    main()

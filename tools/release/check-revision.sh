#!/usr/bin/env bash
# Whether all that an archive of images holds calls itself that of the commit which is checked out:
#
#   tools/release/check-revision.sh target/release-files/tracktik-operator.tar
set -euo pipefail

commit=$(git -C "$(dirname "${BASH_SOURCE[0]}")" rev-parse HEAD)
python3 - "$1" "$commit" <<'PYTHON'
import json, sys, tarfile

file, commit = sys.argv[1:]
archive = tarfile.open(file)
blob = lambda described: json.load(archive.extractfile("blobs/" + described["digest"].replace(":", "/")))


def told(described):
    """The labels of an index and of all that is in it, or of an image and of its configuration."""
    content = blob(described)
    yield content.get("annotations") or {}
    for image in content.get("manifests", []):
        yield from told(image)
    if "config" in content:
        yield blob(content["config"])["config"].get("Labels") or {}


roots = json.load(archive.extractfile("index.json"))["manifests"]
revisions = {labels.get("org.opencontainers.image.revision") for root in roots for labels in told(root)}
if revisions != {commit}:
    found = ", ".join(sorted(revision or "no revision" for revision in revisions)) or "nothing"
    sys.exit(f"{file} is of {found}, checked out is {commit}")
PYTHON

"""Images of the OCI on an empty base, in the layout of an archive that containerd, Docker, Podman and registries' tools read."""

import hashlib
import json

from archive import tar

OCI = "application/vnd.oci.image."


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

    def image(self, configuration, layer, compressed, **more):
        """Takes in an image of one layer, a tar that is given in both forms. The configuration lacks only that layer; `more` goes
        into the manifest. Returns how an index refers to the image, and the manifest."""
        configuration = configuration | {"os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest(layer)]}}
        manifest = more | {
            "schemaVersion": 2,
            "mediaType": OCI + "manifest.v1+json",
            "config": self.add(rendered(configuration), "config.v1+json"),
            "layers": [self.add(compressed, "layer.v1.tar+gzip")],
        }
        described = self.add(rendered(manifest), "manifest.v1+json")
        return described | {"platform": {"os": "linux", "architecture": configuration["architecture"]}}, manifest

    def archive(self, root, name, more=()):
        """The archive, with the name under which containerd, Docker and Podman load what it holds."""
        names = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.rsplit(":", 1)[1]}
        index = {"schemaVersion": 2, "mediaType": OCI + "index.v1+json", "manifests": [root | {"annotations": names}]}
        entries = [("oci-layout", rendered({"imageLayoutVersion": "1.0.0"}), 0o644), ("index.json", rendered(index), 0o644)]
        entries += [(path, content, 0o644) for path, content in more]
        entries += [("blobs", None, 0o755), ("blobs/sha256", None, 0o755)]
        entries += [("blobs/" + key.replace(":", "/"), blob, 0o644) for key, blob in sorted(self.blobs.items())]
        return tar(entries)

#!/usr/bin/env python3
"""Writes what the image is made of, as a CycloneDX list in JSON, to standard output:

    sbom.py [--created SECONDS] TARGET...

The crates are those that cargo links into the operator for any of these targets, with the checksums of Cargo.lock; what is
needed to build only, or to test, is not in it. The list is checked against the schema of CycloneDX, and the same sources give
the same list.
"""

import argparse
import datetime
import pathlib
import re
import subprocess
import sys
import tomllib
import uuid
from importlib import metadata

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
OPERATOR = "tracktik-operator"


def said(*command):
    answer = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if answer.returncode != 0:
        sys.exit(f"sbom: `{command[0]} {command[1]}` failed; its reason is above")
    return answer.stdout


def linked(target, packages, edges):
    """Adds the crates that are linked for a target, with licence and repository, and who uses whom."""
    tree = said("cargo", "tree", "--locked", "--package", OPERATOR, "--edges", "normal,no-proc-macro", "--target", target,
                "--prefix", "depth", "--format", "|{p}|{l}|{r}|")
    above = []
    for line in tree.splitlines():
        depth, package, licence, repository, _ = line.split("|")
        name, version = re.match(r"(\S+) v(\S+)", package).groups()
        # `/` is how old crates write OR.
        packages[name, version] = (re.sub(r"\s*/\s*", " OR ", licence), repository)
        del above[int(depth):]
        if above:
            edges.add((above[-1], (name, version)))
        above.append((name, version))


def crate(key, licence, repository, checksums):
    name, version = key
    # Ours is in no registry; a crate of its name there would be somebody else's.
    purl = PackageURL("generic" if name == OPERATOR else "cargo", name=name, version=version)
    component = Component(name=name, version=version, type=ComponentType.LIBRARY, purl=purl, bom_ref=str(purl))
    if licence:
        component.licenses.add(LicenseFactory().make_from_string(licence))
    if key in checksums:
        component.hashes.add(HashType(alg=HashAlgorithm.SHA_256, content=checksums[key]))
    if repository:
        component.external_references.add(ExternalReference(type=ExternalReferenceType.VCS, url=XsUri(repository)))
    return component


def beside_the_crates():
    """What else is in the image: Rust's own library, with the C library that it brings, and the authorities."""
    rust = said("rustc", "--version").split()[1]
    certifi = metadata.version("certifi")
    for purl, licence in (
        (PackageURL("generic", name="rust-std", version=rust), "MIT OR Apache-2.0"),
        (PackageURL("pypi", name="certifi", version=certifi), "MPL-2.0"),
    ):
        yield Component(
            name=purl.name,
            version=purl.version,
            type=ComponentType.LIBRARY if purl.type == "generic" else ComponentType.DATA,
            purl=purl,
            bom_ref=str(purl),
            licenses=[LicenseFactory().make_from_string(licence)],
        )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--created", type=int, default=0)
    parser.add_argument("targets", nargs="+", metavar="TARGET")
    options = parser.parse_args()

    packages, edges = {}, set()
    for target in options.targets:
        linked(target, packages, edges)
    locked = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    checksums = {(package["name"], package["version"]): package.get("checksum") for package in locked}
    missing = [key for key in packages if key[0] != OPERATOR and not checksums.get(key)]
    if missing:
        sys.exit(f"sbom: not in Cargo.lock, or without a checksum: {missing}")

    bom = Bom()
    components = {key: crate(key, *facts, {k: v for k, v in checksums.items() if v}) for key, facts in packages.items()}
    root = next(component for key, component in components.items() if key[0] == OPERATOR)
    root.type = ComponentType.APPLICATION
    others = list(beside_the_crates())
    bom.metadata.component = root
    bom.metadata.timestamp = datetime.datetime.fromtimestamp(options.created, datetime.UTC)
    for component in [*components.values(), *others]:
        if component is not root:
            bom.components.add(component)
    for component in [*components.values(), *others]:
        bom.register_dependency(component, [components[b] for a, b in edges if components[a] is component])
    bom.register_dependency(root, others)
    # By what it lists, not by chance.
    told = "\n".join(sorted(component.bom_ref.value for component in [*components.values(), *others]))
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, told)

    text = JsonV1Dot6(bom).output_as_string(indent=2)
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if problem:
        sys.exit(f"sbom: does not fit the schema: {problem}")
    print(text)


if __name__ == "__main__":
    main()

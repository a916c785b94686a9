#!/usr/bin/env python3
"""Checks the dependencies against deny.toml: banned crates, licences, sources. Fails with one line per offence.

cargo-deny does the same and more, but takes minutes to build; this needs only what a machine that runs the tests has.
deny.toml stays the one list.
"""

import json
import pathlib
import re
import subprocess
import sys

if sys.version_info < (3, 11):
    sys.exit("check-dependencies: python3 3.11 or newer is needed, for tomllib")

import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent


def metadata(target):
    """The packages that are built for a target, and the names of those that depend on each."""
    command = ["cargo", "metadata", "--locked", "--format-version=1", f"--filter-platform={target}"]
    answer = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False)
    if answer.returncode != 0:
        sys.exit("check-dependencies: `cargo metadata` failed; its reason is above")
    graph = json.loads(answer.stdout)
    nodes = graph["resolve"]["nodes"]
    packages = {package["id"]: package for package in graph["packages"]}
    users = {node["id"]: set() for node in nodes}
    for node in nodes:
        for dependency in node["deps"]:
            users[dependency["pkg"]].add(packages[node["id"]]["name"])
    return {id: (packages[id], names) for id, names in users.items()}


def allowed(expression, licences):
    """Whether an SPDX expression can be met with these licences. `/` is how old crates write OR."""
    tokens = re.findall(r"\(|\)|[^\s()/]+|/", expression)

    def either():
        met = both()
        while tokens and tokens[0] in ("OR", "/"):
            tokens.pop(0)
            # Not `met or both()`: the other side must be read in any case.
            met = both() | met
        return met

    def both():
        met = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            met = one() & met
        return met

    def one():
        token = tokens.pop(0)
        if token == "(":
            met = either()
            tokens.pop(0)
            return met
        if tokens and tokens[0] == "WITH":
            tokens.pop(0)
            token = f"{token} WITH {tokens.pop(0)}"
        return token in licences

    try:
        return either() and not tokens
    except IndexError:
        return False


def offences(package, users, rules):
    name = f"{package['name']} {package['version']}"
    for ban in rules["bans"]["deny"]:
        others = users - set(ban.get("wrappers", []))
        if ban["crate"] == package["name"] and (others or not ban.get("wrappers")):
            yield f"{name} is banned: {ban['reason']} (used by {', '.join(sorted(others)) or 'nobody'})"
    licence = package["license"] or "none"
    if not allowed(licence, rules["licenses"]["allow"]):
        yield f"{name} has a licence that deny.toml does not allow: {licence}"
    source = package["source"]
    inside = source is None and pathlib.Path(package["manifest_path"]).is_relative_to(ROOT)
    if not inside and not (source or "").startswith("registry+"):
        yield f"{name} comes from {source or package['manifest_path']}, which is no registry"


def main():
    rules = tomllib.loads((ROOT / "deny.toml").read_text(encoding="utf-8"))
    found, checked, registries = set(), set(), set()
    for target in rules["graph"]["targets"]:
        for id, (package, users) in metadata(target).items():
            checked.add(id)
            registries.add(package["source"])
            found.update(offences(package, users, rules))
    if len(registries - {None}) > 1:
        found.add(f"more than one source of crates: {sorted(registries - {None})}")
    for line in sorted(found):
        print(f"check-dependencies: {line}", file=sys.stderr)
    if found:
        sys.exit(1)
    print(f"{len(checked)} packages: none banned, all licences allowed, all from one registry")


if __name__ == "__main__":
    main()

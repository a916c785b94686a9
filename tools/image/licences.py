#!/usr/bin/env python3
"""Writes the licences of the crates that are linked into one of our programs, as they come with each, to standard output:

    licences.py TARGET...

Most of them ask that their text goes along with what is made of them. Texts that several share are written once.
"""

import json
import pathlib
import re
import sys

from sbom import OPERATOR, linked, said

NAMES = re.compile(r"(LICEN[CS]E|COPYING|COPYRIGHT|NOTICE|UNLICENSE)([.-].*)?$", re.IGNORECASE)


def main():
    packages = {}
    for target in sys.argv[1:]:
        linked(target, packages, set())
    known = json.loads(said("cargo", "metadata", "--locked", "--format-version=1"))["packages"]
    folders = {(package["name"], package["version"]): pathlib.Path(package["manifest_path"]).parent for package in known}
    texts, terms = {}, []
    for key in sorted(packages):
        if key[0] == OPERATOR:
            continue
        terms.append(f"{key[0]} {key[1]}: {packages[key][0]}")
        for file in sorted(folders[key].iterdir()):
            if NAMES.match(file.name) and file.is_file():
                text = file.read_text(errors="replace").replace("\r\n", "\n").strip()
                texts.setdefault(text, []).append(f"{key[0]} {key[1]}")
    terms.append("Rust's standard library: MIT OR Apache-2.0; in it musl: MIT")
    terms.append("The certificate authorities, as certifi publishes them: MPL-2.0")
    print("\n".join(terms))
    for text, users in sorted(texts.items(), key=lambda entry: entry[1]):
        print(f"\n{'=' * 80}\n{', '.join(dict.fromkeys(users))}\n{'=' * 80}\n\n{text}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Packs kubectl-tracktik for one kind of machine, as people unpack it into their PATH:

    plugin.py OUTPUT.tar.gz PROGRAM LICENSE THIRD-PARTY-LICENSES
"""

import pathlib
import sys

from archive import gzip, tar

output, program, license, others = (pathlib.Path(argument) for argument in sys.argv[1:])
entries = [("LICENSE", license.read_bytes(), 0o644)]
entries += [("THIRD-PARTY-LICENSES", others.read_bytes(), 0o644), ("kubectl-tracktik", program.read_bytes(), 0o755)]
output.write_bytes(gzip(tar(entries)))

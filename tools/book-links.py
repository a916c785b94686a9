#!/usr/bin/env python3
"""Makes the links of a built book whole, so that it can be read anywhere, also without a network.

    tools/book-links.py target/book

Two kinds are right in the repository and wrong in what mdBook makes of it: README.md becomes index.html, while a link to it
becomes README.html; and what lies outside docs/ is not in the book at all. The latter is copied into its folder
`repository/`. Links that lead nowhere are left as they are, for the test that looks for them.
"""

import pathlib
import posixpath
import re
import shutil
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
HREF = re.compile(r'(?<= href=")([^"#?]+)([#?][^"]*)?(?=")')


def in_repository(path: str) -> str | None:
    """The file behind a path that is relative to docs/; mdBook has made `.html` of every `.md`."""
    for name in (path, re.sub(r"\.html$", ".md", path)):
        file = posixpath.normpath(posixpath.join("docs", name))
        if not file.startswith("..") and (REPOSITORY / file).is_file():
            return file
    return None


def mended(book: pathlib.Path, page: pathlib.Path, path: str) -> str:
    folder = page.parent.relative_to(book).as_posix()
    target = posixpath.normpath(posixpath.join(folder, path))
    if re.match(r"[a-z][a-z0-9+.-]*:|/", path) or (book / target).is_file():
        return path
    index = posixpath.join(posixpath.dirname(target), "index.html")
    if posixpath.basename(target) == "README.html" and not target.startswith("..") and (book / index).is_file():
        return posixpath.relpath(index, folder)
    file = in_repository(target)
    if file is None:
        return path
    copy = book / "repository" / file
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(REPOSITORY / file, copy)
    return posixpath.relpath(posixpath.join("repository", file), folder)


def main() -> None:
    book = pathlib.Path(sys.argv[1]).resolve()
    for page in sorted(book.rglob("*.html")):
        text = page.read_text(encoding="utf-8")
        changed = HREF.sub(lambda link: mended(book, page, link[1]) + (link[2] or ""), text)
        if changed != text:
            page.write_text(changed, encoding="utf-8")


main()

#!/usr/bin/env bash
# Builds the book of docs/ into a folder, by default target/book, and makes its links whole.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

book=${1:-target/book}
# mdBook takes a relative one for relative to docs/.
[[ $book == /* ]] || book=$PWD/$book
tools/check-tools.sh python3
mdbook=$(tools/mdbook.sh)
"$mdbook" build docs --dest-dir "$book"
tools/book-links.py "$book"
printf 'built %s\n' "$book/index.html"

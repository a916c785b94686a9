"""Archives whose bytes depend on their content alone: no times, no owners, and an order that the caller gives."""

import io
import tarfile


def tar(entries):
    """A tar of (path, content or None for a folder, mode), in that order, of root and of no time."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, content, mode in entries:
            entry = tarfile.TarInfo(path)
            entry.mode, entry.mtime = mode, 0
            entry.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
            entry.size = len(content or b"")
            archive.addfile(entry, io.BytesIO(content or b""))
    return packed.getvalue()


def gzip(content):
    """Compressed by libdeflate as requirements.txt pins it. Python's own compressor is whichever zlib the machine has."""
    # Here alone: what is packed for tests goes without it.
    import deflate

    return bytes(deflate.gzip_compress(content, 12))

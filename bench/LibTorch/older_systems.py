"""Lets a shared library load although the system's libstdc++ lacks a version that it names: marks that need as weak.

    python3 older_systems.py LIBRARY VERSION

TorchSharp's library names GLIBCXX_3.4.32 (GCC 13; Debian 12 has 3.4.30) for one symbol that it declares and never refers to,
std::ios_base_library_init(): code stays as it is. Only for a symbol without relocations; elsewhere the first call would fail.
"""
import os
import struct
import sys

VERSION_NEEDS = 0x6FFFFFFE  # SHT_GNU_verneed
WEAK = 2  # VER_FLG_WEAK


def main(path, version):
    with open(path, "rb") as file:
        data = bytearray(file.read())
    offset, = struct.unpack_from("<Q", data, 40)
    size, count = struct.unpack_from("<HH", data, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, offset + i * size) for i in range(count)]
    needs = next(section for section in sections if section[1] == VERSION_NEEDS)
    strings = sections[needs[6]][4]
    entry = needs[4]
    for _ in range(needs[7]):
        _, versions, _, first, following = struct.unpack_from("<HHIII", data, entry)
        at = entry + first
        for _ in range(versions):
            _, flags, _, name, step = struct.unpack_from("<IHHII", data, at)
            start = strings + name
            if data[start:data.index(0, start)] == version.encode():
                struct.pack_into("<H", data, at + 4, flags | WEAK)
            at += step
        entry += following
    # A new file takes the old one's place: the old one may be a link into the package's folder, or in use.
    with open(path + ".new", "wb") as file:
        file.write(data)
    os.replace(path + ".new", path)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""PDF files written by hand for tests: pages, pictures, annotations, forms, and a password."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
"""What short passwords are filled up with (ISO 32000-1, 7.6.3.3)."""
FONT = "/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"


@dataclass(frozen=True)
class Stream:
    """A stream object: its entries and its bytes."""

    entries: str
    data: bytes


def image(rgb: np.ndarray) -> Stream:
    """Make a lossless picture."""
    height, width = rgb.shape[:2]
    entries = f"/Type /XObject /Subtype /Image /Width {width} /Height {height} /BitsPerComponent 8"
    return Stream(f"{entries} /ColorSpace /DeviceRGB /Filter /FlateDecode", zlib.compress(rgb.tobytes()))


def pdf(pages: Sequence[tuple[str, str]], others: Sequence[str | Stream] = (), password: str | None = None) -> bytes:
    """Write a PDF.

    Parameters
    ----------
    pages : sequence of (str, str)
        Each page's entries, such as ``/MediaBox [0 0 612 792]``, and its drawing commands.
    others : sequence of str or Stream
        Further objects; the first has the number 3.
    password : str, optional
        Encrypt the streams by the standard security handler, revision 2 (RC4, 40 bits), for this user's password.
    """
    first = 3 + len(others)
    kids = " ".join(f"{first + 2 * n} 0 R" for n in range(len(pages)))
    objects: list[str | Stream] = ["/Type /Catalog /Pages 2 0 R /AcroForm << /Fields [] >>"]
    objects += [f"/Type /Pages /Count {len(pages)} /Kids [{kids}]", *others]
    for n, (entries, commands) in enumerate(pages):
        objects += [f"/Type /Page /Parent 2 0 R /Contents {first + 2 * n + 1} 0 R {entries}"]
        objects += [Stream("", commands.encode())]
    identity = bytes(16)
    lock = Lock(password, identity) if password is not None else None
    return _file(objects, identity, lock)


class Lock:
    """Encryption of a file by RC4 with a key of 40 bits (ISO 32000-1, 7.6.2 and 7.6.3, algorithms 1 to 4)."""

    def __init__(self, password: str, identity: bytes) -> None:
        padded = (password.encode("latin-1") + PADDING)[:32]
        self.owner = rc4(hashlib.md5(padded).digest()[:5], padded)
        self.key = hashlib.md5(padded + self.owner + struct.pack("<i", -4) + identity).digest()[:5]
        self.user = rc4(self.key, PADDING)

    def entries(self) -> str:
        """Return the encryption dictionary."""
        owner, user = self.owner.hex(), self.user.hex()
        return f"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <{owner}> /U <{user}> >>"

    def encrypt(self, data: bytes, number: int) -> bytes:
        """Encrypt the data of an object."""
        return rc4(hashlib.md5(self.key + struct.pack("<I", number)[:3] + bytes(2)).digest()[:10], data)


def rc4(key: bytes, data: bytes) -> bytes:
    """Encrypt or decrypt by RC4."""
    state, j = list(range(256)), 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    out, i, j = bytearray(), 0, 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)


def _file(objects: Sequence[str | Stream], identity: bytes, lock: Lock | None) -> bytes:
    out, starts = bytearray(b"%PDF-1.4\n"), []
    for number, thing in enumerate(objects, 1):
        starts.append(len(out))
        out += f"{number} 0 obj\n".encode()
        if isinstance(thing, Stream):
            data = lock.encrypt(thing.data, number) if lock else thing.data
            out += f"<< {thing.entries} /Length {len(data)} >>\nstream\n".encode() + data + b"\nendstream"
        else:
            out += f"<< {thing} >>".encode()
        out += b"\nendobj\n"
    table = "".join(f"{start:010d} 00000 n \n" for start in starts)
    trailer = f"/Size {len(objects) + 1} /Root 1 0 R /ID [<{identity.hex()}> <{identity.hex()}>]"
    trailer += lock.entries() if lock else ""
    place = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer\n<< {trailer} >>\n".encode()
    return bytes(out + f"startxref\n{place}\n%%EOF\n".encode())

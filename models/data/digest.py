"""Content addresses of arrays: equal arrays, equal digests."""

import hashlib

import numpy as np


def digest(*arrays: np.ndarray) -> str:
    """SHA-256, in hexadecimal digits, of the dtype, shape and bytes of each of these."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(f"{array.dtype.str} {array.shape};".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()

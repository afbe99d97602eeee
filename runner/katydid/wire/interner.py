"""Request names, sent once per connection and referred to by number afterwards.

One `Interner` per direction and connection: the writer numbers the names, the reader learns them
from the definitions that travel in the same report as their first use. A writer that starts anew
(another connection, a Welcome) changes its generation, a random number, so that numbers of
different writers are never mixed up, whichever report was lost in between.
"""

from __future__ import annotations

import secrets

from katydid.wire.errors import UnknownName

Key = tuple[str, str]
"""(method, name)"""


class Interner:
    """Names ↔ numbers of one direction of one connection."""

    def __init__(self) -> None:
        self.generation = 0
        self._keys: list[Key] = []
        self._numbers: dict[Key, int] = {}
        self.reset()

    def __len__(self) -> int:
        return len(self._keys)

    def reset(self) -> None:
        """Writer: define every name again from here on."""
        self.generation = secrets.randbits(48)
        self._keys = []
        self._numbers = {}

    def number_of(self, key: Key) -> int:
        """Writer: the number of `key`, a new one for a new key."""
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._keys)
            self._keys.append(key)
        return number

    def keys_from(self, first: int) -> list[Key]:
        """Writer: the definitions of all numbers from `first` on."""
        return self._keys[first:]

    def define(self, generation: int, first: int, keys: list[Key]) -> None:
        """Reader: numbers from `first` on mean `keys`; UnknownName if earlier ones were lost."""
        if generation != self.generation:
            self.generation = generation
            self._keys = []
        if first > len(self._keys):
            raise UnknownName(f"names {len(self._keys)} to {first - 1} were never defined")
        self._keys[first:] = keys

    def keys_of(self, numbers: list[int]) -> tuple[Key, ...]:
        """Reader: the names of `numbers`; UnknownName if one is not defined."""
        try:
            return tuple([self._keys[number] for number in numbers])
        except IndexError:
            raise UnknownName(
                f"name {max(numbers)} was never defined, {len(self._keys)} are known"
            ) from None

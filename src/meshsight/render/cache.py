"""A bounded store of things that are dear to make and must be released by hand."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar, runtime_checkable


@runtime_checkable
class Resource(Protocol):
    """Something that takes memory outside Python."""

    @property
    def num_bytes(self) -> int:
        """How much."""
        ...

    def release(self) -> None:
        """Gives it back."""
        ...


AnyResource = TypeVar("AnyResource", bound=Resource)


class ResourceCache(Generic[AnyResource]):
    """Keeps resources by key; `trim` releases those least recently used until the rest fits.

    Nothing is released between two calls of `trim`, so a frame may use all that it fetched.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._items: OrderedDict[Hashable, AnyResource] = OrderedDict()
        self._num_bytes = 0

    def __len__(self) -> int:
        return len(self._items)

    def fetch(self, key: Hashable, make: Callable[[], AnyResource]) -> AnyResource:
        """Returns the resource of a key, made now if it is new."""
        if key in self._items:
            self._items.move_to_end(key)
            return self._items[key]
        item = make()
        self._items[key] = item
        self._num_bytes += item.num_bytes
        return item

    def trim(self) -> None:
        """Releases the least recently used resources that are too much."""
        while self._num_bytes > self._max_bytes and len(self._items) > 1:
            _, item = self._items.popitem(last=False)
            self._num_bytes -= item.num_bytes
            item.release()

    def clear(self) -> None:
        """Releases everything."""
        for item in self._items.values():
            item.release()
        self._items.clear()
        self._num_bytes = 0

"""Finds cycles among things that need each other. Pure."""

from collections.abc import Iterable, Iterator, Mapping


def find_cycle(needs: Mapping[str, Iterable[str]]) -> tuple[str, ...] | None:
    """Returns a cycle, as the names on it with the first one repeated at the end; None if there is none. Names are
    visited in alphabetical order, so that the same graph has the same answer."""
    finished: set[str] = set()
    for start in sorted(needs):
        path: list[str] = []
        on_path: set[str] = set()
        pending: list[tuple[str, Iterator[str]]] = []
        following: str | None = start
        while following is not None or pending:
            if following is not None:
                path.append(following)
                on_path.add(following)
                pending.append((following, iter(sorted(needs.get(following, ())))))
            name, rest = pending[-1]
            following = None
            for other in rest:
                if other in on_path:
                    return (*path[path.index(other) :], other)
                if other not in finished:
                    following = other
                    break
            if following is None:
                finished.add(name)
                on_path.discard(path.pop())
                pending.pop()
    return None


def shown(cycle: Iterable[str]) -> str:
    """The cycle as text, such as `a → b → a`."""
    return " → ".join(cycle)

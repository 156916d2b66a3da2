"""Makes a unified diff of two manifests, in bounded time. The content of charts determines the lines, and the time to
compare many equal lines grows with the square of their number."""

import difflib
from collections import Counter

MOST_LINES = 200_000
"""The maximum number of lines of both manifests together."""
_WORK = 4_000_000
"""The maximum number of lines and of pairs of equal lines that are compared: about two seconds."""
_CONTEXT = 3


class _Matcher(difflib.SequenceMatcher[str]):
    """Searches for equal lines until its budget is used up. The remaining lines count as replaced."""

    def __init__(self, before: list[str], after: list[str]) -> None:
        self._left = _WORK
        self._before = before
        self._places = Counter(after)
        super().__init__(None, before, after)

    def find_longest_match(
        self, start: int = 0, end: int | None = None, new_start: int = 0, new_end: int | None = None
    ) -> difflib.Match:
        lines = self._before[start:end]
        self._left -= len(lines) + sum(self._places[line] for line in lines)
        if self._left < 0:
            return difflib.Match(start, new_start, 0)
        return super().find_longest_match(start, end, new_start, new_end)


def unified_diff(before: str, after: str, names: tuple[str, str]) -> str:
    """The diff; empty if both are equal. `names` are the names of the two sides."""
    if before.count("\n") + after.count("\n") > MOST_LINES:
        return f"# The manifests have more than {MOST_LINES:,} lines together and are not compared."
    old, new = before.splitlines(), after.splitlines()
    lines = []
    for group in _Matcher(old, new).get_grouped_opcodes(_CONTEXT):
        (_, old_start, _, new_start, _), (_, _, old_end, _, new_end) = group[0], group[-1]
        lines.append(f"@@ -{_range(old_start, old_end)} +{_range(new_start, new_end)} @@")
        for kind, i, j, k, m in group:
            if kind == "equal":
                lines += [f" {line}" for line in old[i:j]]
                continue
            lines += [f"-{line}" for line in old[i:j]]
            lines += [f"+{line}" for line in new[k:m]]
    return "\n".join([f"--- {names[0]}", f"+++ {names[1]}", *lines]) if lines else ""


def _range(start: int, end: int) -> str:
    length = end - start
    return str(start + 1) if length == 1 else f"{start + 1 if length else start},{length}"

"""The program, run as a user would, against a server that a test has."""

import asyncio
import json
import os
import re
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.program.processes import listen, run_api, running
from tests.forks import finished
from tests.stack import TOKEN, Stack

PROGRAM = str(Path(sysconfig.get_path("scripts")) / "polyhelm")


_OF_A_CLUSTER = re.compile(r"\S+: (unchanged|installed|upgraded|rolled back|uninstalled)")


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What was answered, without what differs from run to run: how long ago something was."""
        return [timeless(line) for line in self.out.splitlines()]

    @property
    def data(self) -> Any:
        """What was answered in JSON."""
        return json.loads(self.out)

    @property
    def words(self) -> list[str]:
        """What was said besides."""
        return [timeless(line) for line in self.err.splitlines()]


def timeless(line: str) -> str:
    """Ages and moments are replaced by a mark; so are the spaces around them, since they are as wide as an age is."""
    line = re.sub(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[\d.:+]*", "<moment>", line)
    return re.sub(r" +\b(\d+[smhd]|\d\d:\d\d:\d\d)\b *", " <age> ", line).rstrip()


@dataclass
class Polyhelm:
    """The program in a home of its own."""

    server: str
    home: Path
    stack: Stack
    signed_in: dict[str, str] = field(default_factory=dict)

    def environment(self, **more: str) -> dict[str, str]:
        kept = {"PATH": os.environ["PATH"], "HOME": str(self.home), "COLUMNS": "200"}
        return kept | self.signed_in | more

    async def __call__(self, *arguments: str, stdin: str | None = None, **more: str) -> Done:
        code, out, err = await finished(
            *arguments, environment=self.environment(**more), folder=self.home, stdin=(stdin or "").encode()
        )
        return Done(code, out.decode(), err.decode())

    async def fine(self, *arguments: str, stdin: str | None = None, **more: str) -> list[str]:
        """The lines that a command answers which ends well."""
        done = await self(*arguments, stdin=stdin, **more)
        assert done.code == 0, done
        return done.lines

    async def installed(self, *arguments: str, **more: str) -> Done:
        """The same by the program that is installed: for what depends on how it is started."""
        process = await asyncio.create_subprocess_exec(
            *(PROGRAM, *arguments),
            cwd=self.home,
            env=self.environment(**more),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode is not None
        return Done(process.returncode, out.decode(), err.decode())

    async def shell(self, line: str) -> list[str]:
        """What a line of shell prints, on both outputs; what comes from clusters at once is put in order."""
        process = await asyncio.create_subprocess_shell(
            line,
            cwd=self.home,
            env=self.environment(PATH=f"{Path(PROGRAM).parent}:{os.environ['PATH']}"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate()
        lines = [timeless(each) for each in out.decode().splitlines()]
        done = sorted(each for each in lines if _OF_A_CLUSTER.fullmatch(each))
        return [done.pop(0) if _OF_A_CLUSTER.fullmatch(each) else each for each in lines]


@asynccontextmanager
async def serving(stack: Stack, home: Path) -> AsyncIterator[Polyhelm]:
    """The stack's API on a port of its own, and the program signed in to it by its environment."""
    listener = listen(stack.services.settings.model_copy(update={"port": 0}))
    server = f"http://127.0.0.1:{listener.getsockname()[1]}"
    home.mkdir(exist_ok=True)  # noqa: ASYNC240
    signed_in = {"POLYHELM_SERVER": server, "POLYHELM_TOKEN": TOKEN}
    async with running(run_api(stack.services, listener)):
        yield Polyhelm(server, home, stack, signed_in)

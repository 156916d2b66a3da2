"""What the process from which `tests/forks.py` forks does once, so that no program has to: building the commands takes
most of the time of a short one."""

import gc
from functools import cache

import typer.main

from app.program.cli import cli

typer.main.get_command = cache(typer.main.get_command)
typer.main.get_command(cli)
gc.collect()
gc.freeze()

"""Prints the demo's lines: what was done, how long it took, and how anyone checks it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

console = Console(highlight=False, soft_wrap=True)


class Step:
    """One step while it runs; ``say`` sets what its line tells, ``check`` how it is checked."""

    def __init__(self) -> None:
        self.told = ""
        self.command = ""

    def say(self, text: str) -> None:
        """Tell what came out of it."""
        self.told = text

    def check(self, command: str) -> None:
        """Give a command by which anyone can check it."""
        self.command = command


class Teller:
    """Numbers the steps and prints one line for each, with its time."""

    def __init__(self) -> None:
        self._count = 0

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show that the step runs, then its line; a step that fails is marked and its error goes on."""
        self._count += 1
        step, started = Step(), time.monotonic()
        try:
            with console.status(f"{title} …") if console.is_terminal else _silence():
                yield step
        except BaseException:
            console.print(f"[red]✗[/red] {self._count:2d} {title}")
            raise
        seconds = time.monotonic() - started
        line = f"[green]✓[/green] {self._count:2d} {seconds:6.2f} s  [bold]{title}[/bold]"
        console.print(f"{line}  {step.told}" if step.told else line)
        if step.command:
            console.print(f"               [dim]$ {step.command}[/dim]")


@contextmanager
def _silence() -> Iterator[None]:
    yield

"""Rows of the status service over a store of a million answers."""

import time
from dataclasses import dataclass
from functools import cached_property
from random import Random
from statistics import median

from bench import status_servers
from bench.authority import openssl_version
from bench.load import post_each_on_its_own, wrk
from bench.measuring import NotMeasured, Result, Work, interleaved, ratio
from bench.place import Place, end, get
from bench.status_servers import Server
from bench.status_store import FilledStore, fill

_DIFFERENT = 100_000
"""Different questions in a load, spread over the whole store."""


@dataclass
class StatusRows:
    """The store is filled at first need, the servers stay up for all rows."""

    place: Place

    @cached_property
    def store(self) -> FilledStore:
        """The full store."""
        return fill(self.place)

    @cached_property
    def questions(self) -> list[bytes]:
        """Questions at random over the store."""
        count = min(_DIFFERENT, len(self.store.serials))
        chosen = Random(21).sample(self.store.serials, count)  # noqa: S311 - a load, not a secret
        return [self.store.authority.question(serial) for serial in chosen]

    @cached_property
    def responder(self) -> Server:
        """Our responder, checked once for a right answer."""
        server = status_servers.responder(self.place, self.store.home)
        serial = self.store.serials[-1]
        if not self.store.authority.is_right(self._ask(server, serial), serial):
            raise NotMeasured("the responder's answer is not right")
        return server

    @cached_property
    def nginx(self) -> Server:
        """The reference, with an answer of ours as its file."""
        return status_servers.nginx(self.place, self._ask(self.responder, self.store.serials[0]))

    def _ask(self, server: Server, serial: int) -> bytes:
        return get(f"{server.url}/ocsp", self.store.authority.question(serial)) or b""

    def presign(self) -> Result:
        """Pre-signing with the write, against bare signing with the same key in software."""
        value, note = ratio(self.store.rates, "ours", "bare signing")
        what = f"{self.store.answers:,} answers with both hashes, signed, checked and written to LMDB"
        return Result(value=value, of="bare P-256 signing by the same library", note=f"{what}; {note}")

    def get(self) -> Result:
        """Keep-alive GET."""
        return self._against_nginx(method="GET", closes=False)

    def post(self) -> Result:
        """Keep-alive POST."""
        return self._against_nginx(method="POST", closes=False)

    def new_connection(self) -> Result:
        """GET on a new connection each."""
        return self._against_nginx(method="GET", closes=True)

    def _against_nginx(self, *, method: str, closes: bool) -> Result:
        place, seconds = self.place, self.place.seconds
        ours = wrk(place, f"ours-{method}", self.questions, method=method, closes=closes)
        if method == "GET":
            theirs = wrk(place, "nginx-GET", "/answer.der", method=method, closes=closes)
        else:
            theirs = wrk(place, "nginx-POST", self.questions, method=method, path="/return", closes=closes)
        servers = {"responder": (ours, self.responder), "nginx": (theirs, self.nginx)}
        for load, server in servers.values():
            load.run(server, 1)

        def variant(name: str) -> Work:
            load, server = servers[name]
            return load.run(server, seconds)

        rates = interleaved(
            {name: lambda name=name: variant(name) for name in servers},  # type: ignore[misc]  # bound at once
            rounds=place.rounds,
            say=place.say,
        )
        value, note = ratio(rates, "responder", "nginx")
        shape = "a new connection for each" if closes else "32 connections kept alive"
        reference = "nginx static file" if method == "GET" else "nginx return"
        return Result(
            value=value,
            of=f"{reference} of the same size, one worker, same load",
            note=f"{self.store.answers:,} answers, {len(self.questions):,} different questions, "
            f"{shape}; {note}",
        )

    def openssl(self) -> Result:
        """Against openssl's responder, each question on its own connection."""
        place = self.place
        count = place.size(20_000, 6000)
        serials = self.store.serials[:1000]
        questions = [self.store.authority.question(serial) for serial in serials] * (
            count // len(serials) + 1
        )
        questions = questions[:count]
        started: list[Server] = []

        def theirs() -> Work:
            server = status_servers.openssl(
                place, self.store.authority, serials, questions[0], number=len(started)
            )
            started.append(server)
            work = post_each_on_its_own(server, questions, path="/")
            end(server.process)
            return work

        rates = interleaved(
            {
                "responder": lambda: post_each_on_its_own(self.responder, questions, path="/ocsp"),
                "openssl": theirs,
            },
            rounds=place.rounds,
            say=place.say,
        )
        value, note = ratio(rates, "responder", "openssl")
        return Result(
            value=value,
            of=f"openssl ocsp -index with {len(serials):,} entries, {openssl_version()}",
            note=f"ours with {self.store.answers:,} answers; POST, a new connection for each; {note}",
        )

    def cold_start(self) -> Result:
        """Seconds from the start of the process to the first right answer."""
        taken: list[float] = []
        serials = self.store.serials
        for number in range(self.place.rounds):
            serial = serials[(number * 7919 + 13) % len(serials)]
            started = time.monotonic()
            server = status_servers.begin_responder(
                self.place, self.store.home, run=None, name=f"cold-{number}"
            )
            while not (answer := self._ask(server, serial)):
                if server.process.poll() is not None or time.monotonic() - started > 60:
                    raise NotMeasured("the responder did not start; see its log")
                time.sleep(0.005)
            taken.append(time.monotonic() - started)
            if not self.store.authority.is_right(answer, serial):
                raise NotMeasured("the first answer was not right")
            end(server.process)
            self.place.say(f"start {number + 1}: {taken[-1]:.2f} s")
        return Result(
            value=median(taken),
            of="wall time from starting the process, files in the page cache",
            note=f"{self.store.answers:,} answers; median of {len(taken)}, "
            f"{min(taken):.2f} to {max(taken):.2f} s",
        )

"""Puts load on a server over HTTP and counts what it answered: wrk, or one connection for each request."""

import base64
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from bench.measuring import NotMeasured, Work
from bench.place import Place
from bench.status_servers import Server

_SCRIPT = """
local requests, bodies = {}, {}
function init(arguments)
  local headers = {}
  if arguments[3] == "close" then headers["Connection"] = "close" end
  for line in io.lines(arguments[1]) do
    if arguments[2] == "GET" then
      requests[#requests + 1] = wrk.format("GET", line, headers)
    else
      headers["Content-Type"] = "application/ocsp-request"
      local body = line:gsub("..", function(octet) return string.char(tonumber(octet, 16)) end)
      requests[#requests + 1] = wrk.format("POST", arguments[4], headers, body)
    end
  end
  math.randomseed(os.time())
end
function request()
  return requests[math.random(#requests)]
end
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrk:
    """A load of many connections, each request taken at random out of a list."""

    script: Path
    requests: Path
    method: str
    path: str = "/ocsp"
    closes: bool = False
    connections: int = 32

    def start(self, server: Server, seconds: float) -> subprocess.Popen[str]:
        """Start it."""
        arguments = [
            "wrk", "--threads", "1", "--connections", str(self.connections), "--duration",
            f"{max(1, round(seconds))}s", "--script", str(self.script), server.url, "--",
            str(self.requests), self.method, "close" if self.closes else "keep", self.path,
        ]  # fmt: skip
        return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, server: Server, seconds: float) -> Work:
        """Run it and count the server's work. Raises ``NotMeasured`` when an answer was not 200."""
        before = server.cpu
        with self.start(server, seconds) as wrk:
            said, _ = wrk.communicate()
        return Work(done=answered(said), cpu=server.cpu - before)


def answered(said: str) -> int:
    """Return how many answers wrk counted. Raises ``NotMeasured`` for answers other than 200 and none."""
    found = re.search(r"(\d+) requests in", said)
    if found is None or int(found[1]) == 0:
        raise NotMeasured(f"wrk counted no answers: {said.strip()[-400:]}")
    if "Non-2xx" in said:
        raise NotMeasured(f"not every answer was 200: {said.strip()[-400:]}")
    return int(found[1])


def wrk(place: Place, name: str, questions: Sequence[bytes] | str, *, method: str, **more: object) -> Wrk:
    """Write a list of requests (or one fixed path, as often) where wrk reads it."""
    if shutil.which("wrk") is None:
        raise NotMeasured("wrk is not installed; deploy/setup.sh bench installs it")
    script = place.folder / "load.lua"
    script.write_text(_SCRIPT)
    listed = place.folder / f"{name}.requests"
    if isinstance(questions, str):
        lines = [questions] * 1000
    elif method == "GET":
        lines = [f"/ocsp/{quote(base64.b64encode(question).decode(), safe='')}" for question in questions]
    else:
        lines = [question.hex() for question in questions]
    listed.write_text("\n".join(lines) + "\n")
    return Wrk(script=script, requests=listed, method=method, **more)  # type: ignore[arg-type]


def post_each_on_its_own(server: Server, questions: Sequence[bytes], *, path: str, threads: int = 4) -> Work:
    """POST each question on a connection of its own, some at a time, and count the server's work."""
    port = urlsplit(server.url).port
    share = len(questions) // threads
    done: list[int] = []

    def ask(part: Sequence[bytes]) -> None:
        for question in part:
            head = (
                f"POST {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n"
                "Content-Type: application/ocsp-request\r\n"
                f"Content-Length: {len(question)}\r\n\r\n"
            )
            with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
                connection.sendall(head.encode() + question)
                answer = b""
                while more := connection.recv(65536):
                    answer += more
            if answer.split(b" ", 2)[1] == b"200":
                done.append(len(answer))

    before = server.cpu
    workers = [
        threading.Thread(target=ask, args=(questions[n * share : (n + 1) * share],)) for n in range(threads)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if len(done) != share * threads:
        raise NotMeasured(f"{share * threads - len(done)} of {share * threads} questions got no answer")
    time.sleep(0.05)
    return Work(done=len(done), cpu=server.cpu - before)

"""python -m deploy.screenshots: a picture of each page, from an installation that it starts if none runs."""

import subprocess
import sys

from deploy.processes import answers, environment
from deploy.serve import CommandFailed, console, installation, prepare, supervisor_for
from deploy.supervisor import NotReady


def main() -> int:
    """Take the pictures; 1 with a plain sentence when there is no demo to take them of."""
    place = installation()
    if not (place.home / "demo.json").exists():
        console.print("There is nothing to take pictures of yet: run `make demo ONCE=1` first.")
        return 1
    supervisor = supervisor_for(place)
    try:
        if not answers(f"http://127.0.0.1:{place.portal_port}/healthz")():
            console.print("starting the installation")
            prepare()
            supervisor.start()
        status = subprocess.run(
            [sys.executable, "manage.py", "screenshots"], env=environment(), check=False
        ).returncode
    except (CommandFailed, NotReady) as error:
        console.print(str(error), markup=False)
        return 1
    finally:
        supervisor.stop()
    return status


if __name__ == "__main__":
    sys.exit(main())

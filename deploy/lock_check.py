"""Checks that every dependency named in pyproject.toml is in the lock files at a version it admits."""

import re
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LINE = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", re.MULTILINE)


def locked(path: Path) -> dict[str, str]:
    """Return package name to version of a lock file."""
    return {canonicalize_name(name): version for name, version in LINE.findall(path.read_text())}


def main() -> int:
    """Name each dependency that the locks miss or hold at another version; 0 when there is none."""
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    wanted = {
        "requirements.txt": project["dependencies"],
        "requirements-dev.txt": [*project["dependencies"], *project["optional-dependencies"]["dev"]],
    }
    problems = []
    for file, lines in wanted.items():
        versions = locked(Path(file))
        for line in lines:
            requirement = Requirement(line)
            version = versions.get(canonicalize_name(requirement.name))
            if version is None or not requirement.specifier.contains(version, prereleases=True):
                problems.append(f"{file}: {line} is locked as {version}; run make lock")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

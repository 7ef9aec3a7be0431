"""What an installation keeps is for its own user alone, or it does not start."""

import os
import stat
from pathlib import Path

import pytest

from portal import config


def test_a_folder_is_made_for_this_user_alone(tmp_path: Path) -> None:
    made = config.private_directory(tmp_path / "home")
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    (made / "file").touch()
    assert stat.S_IMODE((made / "file").stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o777, 0o755, 0o710, 0o701])
def test_a_folder_of_ours_that_others_may_open_is_closed(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    assert stat.S_IMODE(config.private_directory(tmp_path).stat().st_mode) == 0o700
    (tmp_path / "secrets").mkdir()
    tmp_path.chmod(mode)
    assert stat.S_IMODE(config.private_directory(tmp_path).stat().st_mode) == 0o700


def test_an_open_folder_with_other_things_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    tmp_path.chmod(0o755)
    with pytest.raises(config.ConfigurationError, match="chmod 700"):
        config.private_directory(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_link_to_somewhere_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(config.ConfigurationError, match="not a folder of its own"):
        config.private_directory(tmp_path / "link")


@pytest.mark.parametrize(
    ("value", "is_taken"),
    [
        ("https://login.example.org", True),
        ("https://login.localhost:8443", True),
        ("", True),
        ("http://login.example.org", False),
        ("https://login.example.org/", False),
        ("https://LOGIN.example.org", False),
        ("https://user@login.example.org", False),
        ("https://login.example.org:", False),
        ("https://login.example.org:abc", False),
        ("https://login.example.org:99999", False),
        ("https://127.0.0.1", False),
        ("https://[::1]", False),
        ("https://localhost", False),
    ],
)
def test_the_login_host_is_an_origin_with_room_for_names_below_it(
    monkeypatch: pytest.MonkeyPatch, value: str, *, is_taken: bool
) -> None:
    """AUT-6: at the start, not at the first login."""
    monkeypatch.setenv("SIGILL_MTLS_URL", value)
    if is_taken:
        assert config.origin("SIGILL_MTLS_URL") == value
        return
    with pytest.raises(config.ConfigurationError, match="SIGILL_MTLS_URL must be an origin"):
        config.origin("SIGILL_MTLS_URL")


def test_a_secret_is_made_once_and_read_by_this_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "django-secret"
    first = config.secret_file(path)
    assert (len(first), config.secret_file(path)) == (64, first)
    path.chmod(0o640)
    with pytest.raises(config.ConfigurationError, match="chmod 600"):
        config.secret_file(path)
    assert [item.name for item in path.parent.iterdir()] == ["django-secret"]


def test_a_socket_folder_keeps_its_capitals_in_a_database_url(tmp_path: Path) -> None:
    found = config.database("postgresql://sigill@%2Frun%2FSigill-X:5433/portal", tmp_path / "db")
    assert (found["HOST"], found["PORT"], found["USER"], found["NAME"]) == (
        "/run/Sigill-X",
        "5433",
        "sigill",
        "portal",
    )


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite:///x"])
def test_another_database_is_refused_in_words(tmp_path: Path, url: str) -> None:
    with pytest.raises(config.ConfigurationError, match="PostgreSQL"):
        config.database(url, tmp_path / "db")


def test_a_port_that_is_no_number_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "SIGILL_PORTAL_PORT", "eight")
    with pytest.raises(config.ConfigurationError, match="SIGILL_PORTAL_PORT"):
        config.number("SIGILL_PORTAL_PORT", 8000)

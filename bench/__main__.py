"""Measures rows and writes bench/results.json: ``python -m bench [--quick] [ROW …]``."""

import argparse
import importlib
import json
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.goals import GOALS
from bench.installation import install
from bench.measuring import NotMeasured, Result
from bench.place import Place
from bench.status_rows import StatusRows

RESULTS = Path(__file__).resolve().parent / "results.json"
Row = dict[str, float | str]


def rows_of(place: Place) -> dict[str, Callable[[], Result]]:
    """Return how each row is measured, in the order of running."""
    status = StatusRows(place)
    installed = cache(lambda: install(place))

    def with_django(module: str, function: str) -> Callable[[], Result]:
        """Return a row whose module loads models, so it is imported when the installation is there."""

        def run() -> Result:
            installation = installed()
            measured: Result = getattr(importlib.import_module(module), function)(place, installation)
            return measured

        return run

    return {
        "presign_vs_sign": status.presign,
        "ocsp_get_vs_nginx": status.get,
        "ocsp_post_vs_nginx": status.post,
        "ocsp_newconn_vs_nginx": status.new_connection,
        "ocsp_vs_openssl": status.openssl,
        "ocsp_cold_start_1m": status.cold_start,
        "ocsp_nonce_vs_sign": with_django("bench.signing_rows", "fresh_answers"),
        "issue_vs_sign": with_django("bench.signing_rows", "issuing"),
        "revoke_visible_p99": with_django("bench.revocation_row", "visible"),
        "issue_vs_commit": with_django("bench.commit_row", "commit"),
        "journal_append": with_django("bench.journal_row", "append"),
        "crl_1m_vs_openssl": with_django("bench.crl_row", "crl"),
        "crl_100k": with_django("bench.mass_row", "long_list"),
        "mass_revocation_10k": with_django("bench.mass_row", "mass_revocation"),
        "sync_100k": with_django("bench.sync_row", "sync"),
        "search_1m": with_django("bench.population_rows", "search"),
        "page_list_ms": with_django("bench.population_rows", "list_page"),
        "report_csv_1m": with_django("bench.population_rows", "csv_report"),
        "report_xlsx_100k": with_django("bench.population_rows", "xlsx_report"),
        "bulk_order_row_ms": with_django("bench.bulk_order_row", "bulk_order"),
    }


def measure(place: Place, wanted: list[str]) -> tuple[dict[str, Row], dict[str, str]]:
    """Measure rows one after the other; return those that were, and why the others were not."""
    rows = rows_of(place)
    measured: dict[str, Row] = {}
    failed: dict[str, str] = {}
    for name in wanted:
        place.row = name
        try:
            result = rows[name]()
        except NotMeasured as error:
            failed[name] = str(error)
        except Exception as error:  # noqa: BLE001 - one row's fault does not cost the others theirs
            failed[name] = f"{type(error).__name__}: {error}"
            traceback.print_exc()
        if name in failed:
            place.say(f"not measured: {failed[name]}")
            continue
        note = f"QUICK: smaller sizes; {result.note}" if place.quick else result.note
        measured[name] = {
            "value": float(f"{result.value:.4g}"),
            "unit": GOALS[name].unit,
            "of": result.of,
            "note": note,
        }
        write({name: measured[name]})  # at once: a run that is broken off keeps what it has
        place.say(f"= {result.value:.3g} {GOALS[name].unit} (goal {GOALS[name]})")
    return measured, failed


def write(measured: dict[str, Row]) -> None:
    """Write the file, keeping rows of earlier runs that were not measured now; all or nothing."""
    earlier: dict[str, Row] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    merged = {name: row for name, row in {**earlier, **measured}.items() if name in GOALS}
    ordered = {name: merged[name] for name in GOALS if name in merged}
    draft = RESULTS.with_suffix(".draft")
    draft.write_text(json.dumps(ordered, indent=2, ensure_ascii=False) + "\n")
    draft.replace(RESULTS)


def show(measured: dict[str, Row]) -> None:
    """Print each value with its goal beside it."""
    table = Table("row", "value", "goal", "unit", "", "of", box=None, pad_edge=False)
    for name, row in measured.items():
        goal, value = GOALS[name], float(row["value"])
        table.add_row(
            name, f"{value:.3g}", str(goal), str(row["unit"]), "" if goal.is_reached(value) else "missed",
            str(row["of"]),
        )  # fmt: skip
    Console().print(table)


def main() -> int:
    """Return 0 when every row that was asked for was measured, whatever its goal; 1 otherwise."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, marked in the notes")
    parser.add_argument("rows", nargs="*", help="rows, also joined by commas; all when none is named")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: told to end"))  # the stack ends the children
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="sigill-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        place = Place(folder=folder, quick=arguments.quick, stack=stack)
        known = list(rows_of(place))
        asked = [row for joined in arguments.rows for row in joined.replace(",", " ").split()]
        strange = [row for row in asked if row not in known]
        if strange:
            sys.stderr.write(f"bench: there is no row {', '.join(strange)}; there are {', '.join(known)}\n")
            return 2
        measured, failed = measure(place, [row for row in known if not asked or row in asked])
    show(measured)
    for name, why in failed.items():
        sys.stderr.write(f"bench: {name} was not measured: {why}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

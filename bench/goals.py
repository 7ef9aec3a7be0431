"""The rows of bench/results.json and their goals (performance chapter 7), in their order of running."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a row is to reach: at least ``bound`` when ``at_least``, else at most."""

    bound: float
    at_least: bool
    unit: str

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bound:g}"

    def is_reached(self, value: float) -> bool:
        """Tell whether a value is as good as the goal."""
        return value >= self.bound if self.at_least else value <= self.bound


def _least(bound: float, unit: str = "ratio") -> Goal:
    return Goal(bound=bound, at_least=True, unit=unit)


def _most(bound: float, unit: str) -> Goal:
    return Goal(bound=bound, at_least=False, unit=unit)


GOALS: dict[str, Goal] = {
    "presign_vs_sign": _least(0.60),
    "ocsp_get_vs_nginx": _least(0.60),
    "ocsp_post_vs_nginx": _least(0.50),
    "ocsp_newconn_vs_nginx": _least(0.55),
    "ocsp_vs_openssl": _least(2),
    "ocsp_cold_start_1m": _most(2, "s"),
    "ocsp_nonce_vs_sign": _least(0.50),
    "issue_vs_sign": _least(0.50),
    "revoke_visible_p99": _most(1.0, "s"),
    "issue_vs_commit": _least(0.40),
    "journal_append": _least(0.50),
    "crl_1m_vs_openssl": _least(20),
    "crl_100k": _most(10, "s"),
    "mass_revocation_10k": _most(600, "s"),
    "search_1m": _most(100, "ms"),
    "page_list_ms": _most(25, "ms"),
    "report_csv_1m": _most(1.5, "ratio"),
    "report_xlsx_100k": _least(0.8),
    "sync_100k": _least(2000, "people/s"),
    "bulk_order_row_ms": _most(10, "ms"),
}

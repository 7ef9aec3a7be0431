"""Counts what the responder does, and writes it as Prometheus text (exposition format 0.0.4)."""

from collections import Counter

from ocsp.store.interface import Freshness


class Metrics:
    """Counters of one process."""

    def __init__(self) -> None:
        self.answers: Counter[str] = Counter()
        self.certificate_statuses = [0, 0, 0]
        """Signed answers by certificate status: good, revoked, unknown (``CertStatus``)."""
        self.files: Counter[str] = Counter()
        self.time_stamps: Counter[str] = Counter()
        self.refused: Counter[int] = Counter()
        self.failures = 0
        self.store_unavailable = 0

    def text(
        self, *, freshness: Freshness | None, now: int, connections: int, signed: int, unsigned: int
    ) -> str:
        """Write every figure; ages are seconds."""
        lines = ["# TYPE sigill_ocsp_answers_total counter"]
        for name, count in zip(("good", "revoked", "unknown"), self.certificate_statuses, strict=True):
            lines.append(f'sigill_ocsp_answers_total{{status="{name}"}} {count}')
        lines += [
            f'sigill_ocsp_answers_total{{status="{name}"}} {count}'
            for name, count in sorted(self.answers.items())
        ]
        lines.append("# TYPE sigill_status_files_total counter")
        lines += [f'sigill_status_files_total{{kind="{kind}"}} {n}' for kind, n in sorted(self.files.items())]
        lines.append("# TYPE sigill_time_stamps_total counter")
        lines += [
            f'sigill_time_stamps_total{{outcome="{outcome}"}} {n}'
            for outcome, n in sorted(self.time_stamps.items())
        ]
        lines.append("# TYPE sigill_status_http_refused_total counter")
        lines += [
            f'sigill_status_http_refused_total{{code="{code}"}} {n}'
            for code, n in sorted(self.refused.items())
        ]
        figures: list[tuple[str, str, int]] = [
            ("sigill_ocsp_signed_on_demand_total", "counter", signed),
            ("sigill_ocsp_signing_failures_total", "counter", unsigned),
            ("sigill_status_failures_total", "counter", self.failures),
            ("sigill_ocsp_store_unavailable_total", "counter", self.store_unavailable),
            ("sigill_status_connections", "gauge", connections),
            ("sigill_ocsp_store_available", "gauge", int(freshness is not None)),
        ]
        if freshness is not None:
            figures.append(("sigill_ocsp_store_answers", "gauge", freshness.answers))
            if freshness.oldest_this_update is not None:
                figures.append(
                    ("sigill_ocsp_oldest_answer_age_seconds", "gauge", now - freshness.oldest_this_update)
                )
            if freshness.oldest_next_update is not None:
                figures.append(
                    ("sigill_ocsp_oldest_answer_left_seconds", "gauge", freshness.oldest_next_update - now)
                )
            if freshness.reconciled_at is not None:
                figures.append(("sigill_ocsp_reconciled_age_seconds", "gauge", now - freshness.reconciled_at))
        for name, kind, figure in figures:
            lines += [f"# TYPE {name} {kind}", f"{name} {figure}"]
        return "\n".join(lines) + "\n"

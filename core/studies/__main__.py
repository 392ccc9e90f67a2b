"""Run studies, all or those named, and write what was expected and what was observed.

    python -m core.studies [KEY ...] [--seed N]

Ends with status 1 if a finding is outside its tolerance.
"""

from __future__ import annotations

import argparse
import sys
import time
from math import inf, isinf, isnan

from core.studies.catalogue import STUDIES
from core.studies.study import Finding, Table, passed


def number(value: float) -> str:
    return "" if isnan(value) else f"{value:.4g}"


def tolerated(finding: Finding) -> str:
    """The bounds within which a finding passes."""
    low, high = finding.low, finding.high
    if isinf(high):
        return f">= {low:.4g}"
    return f"<= {high:.4g}" if low == -inf else f"{low:.4g} to {high:.4g}"


def line(finding: Finding) -> str:
    verdict = {True: "pass", False: "FAIL", None: "?"}[finding.passed]
    return (
        f"  {finding.key:<15}{finding.at:<20}{number(finding.expected):>11}"
        f"{tolerated(finding):>26}{number(finding.observed):>11}  {verdict}  {finding.origin}\n"
    )


def main(arguments: list[str]) -> int:
    told = "Run studies and write what was expected and what was observed."
    parser = argparse.ArgumentParser(prog="python -m core.studies", description=told)
    parser.add_argument("studies", nargs="*", metavar="KEY", help=", ".join(STUDIES))
    parser.add_argument("--seed", type=int, default=0, help="another random start")
    options = parser.parse_args(arguments)
    if unknown := [key for key in options.studies if key not in STUDIES]:
        parser.error(f"no such study: {', '.join(unknown)}")
    failed = 0
    head = ("finding", "case", "expected", "tolerated", "observed")
    sys.stdout.write("  {:<15}{:<20}{:>11}{:>26}{:>11}\n".format(*head))
    for key in options.studies or STUDIES:
        study, start = STUDIES[key], time.perf_counter()
        findings = study.judge(Table(study.rows(options.seed)))
        fine, known = passed(findings)
        failed += len(findings) - fine
        seconds = time.perf_counter() - start
        sys.stdout.write(f"{key}: {study.publication}\n")
        sys.stdout.writelines(line(finding) for finding in findings)
        sys.stdout.write(f"  {fine} of {known} within their tolerance, {seconds:.1f} s\n")
        sys.stdout.flush()
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

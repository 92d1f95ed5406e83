"""`junit.xml`: one test case per threshold and per invariant, for CI systems that show test results."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.report import findings, text, work
from harness.report.headline import VERDICT_WORDS, sentences
from harness.report.ledger import DEFECTS, MEANING, identities
from harness.report.sections import expected

JUNIT_NAME = "junit.xml"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class _Case:
    group: str
    name: str
    failure: str | None = None
    """What is wrong, with numbers; `None` when all is well."""
    kind: str = "failure"
    output: str = ""


def render_junit(summary: Mapping[str, Any]) -> str:
    """Return the document; it is failed exactly when a threshold, an invariant or the run itself failed."""
    cases = [*_thresholds(summary), *_invariants(summary), *_kinds(summary), _run(summary)]
    suite = ET.Element(
        "testsuite",
        name=_clean(f"floodgate.{summary['scenario']}"),
        tests=str(len(cases)),
        failures=str(sum(case.failure is not None and case.kind == "failure" for case in cases)),
        errors=str(sum(case.failure is not None and case.kind == "error" for case in cases)),
        skipped="0",
        time=f"{summary['duration_s']:.3f}",
        timestamp=summary["started_at"].split(".")[0].rstrip("Z"),
    )
    _properties(suite, summary)
    for case in cases:
        _element(suite, case)
    ET.indent(suite)
    return ET.tostring(suite, encoding="unicode", xml_declaration=False).join(
        ('<?xml version="1.0" encoding="utf-8"?>\n', "\n")
    )


def _thresholds(summary: Mapping[str, Any]) -> Iterator[_Case]:
    for threshold in summary["thresholds"]:
        measured = text.quantity(threshold["value"], threshold.get("unit", ""))
        failed = threshold["verdict"] != "passed"
        message = f"{threshold['name']}: {threshold['verdict'].replace('_', ' ')}, measured {measured}"
        yield _Case(
            "thresholds", threshold["name"], message if failed else None, output=f"measured {measured}"
        )


def _invariants(summary: Mapping[str, Any]) -> Iterator[_Case]:
    for identity in identities(summary["files"]):
        message = f"{identity.with_numbers()} (difference {identity.difference:,})"
        yield _Case(
            "conservation",
            identity.with_names(),
            None if identity.holds else message,
            output=identity.with_numbers(),
        )
    problems = summary.get("conservation_problems", [])
    yield _Case("conservation", "every file is accounted for", "; ".join(problems) or None)
    for name in DEFECTS:
        found = summary["files"][name]
        message = f"{text.files(found)} {name}: {MEANING[name]}"
        if not found and not summary.get("evidence_complete", True):
            unknown = "the stack was gone before it could be asked"
            yield _Case("conservation", f"{name} = 0", f"not known: {unknown}", "error")
            continue
        yield _Case("conservation", f"{name} = 0", message if found else None, output=f"{name} = {found:,}")


def _kinds(summary: Mapping[str, Any]) -> Iterator[_Case]:
    """Files that clients treated otherwise than a plain upload; what the scenario allows fails nothing."""
    for row in expected.rows(summary):
        told = f"{row.as_expected:,} of {row.offered:,} as they should be; ended: {row.ended}"
        failed = row.as_expected < row.offered and summary["verdict"] != "passed"
        yield _Case("expected", f"{row.kind}: {row.expects}", told if failed else None, output=told)


def _run(summary: Mapping[str, Any]) -> _Case:
    """What no single threshold tells: too many failures, an interruption, a generator that was the limit."""
    words = [VERDICT_WORDS[summary["verdict"]], *sentences(summary), *summary.get("reasons", [])]
    message = " ".join(f"{each.rstrip('.')}." for each in words)
    kind = "error" if summary["verdict"] == "error" else "failure"
    return _Case(
        "run", "verdict is passed", message if summary["verdict"] != "passed" else None, kind, message
    )


def _properties(suite: ET.Element, summary: Mapping[str, Any]) -> None:
    engine = summary["engine"]
    properties = ET.SubElement(suite, "properties")
    for name, value in {
        "run_id": summary["run_id"],
        "route": summary["route"],
        "engine": f"{engine['name']}:{engine['mode']} {engine['version']}",
        "verdict": summary["verdict"],
        "command": summary["provenance"]["command"],
        "differs_from_aws": " ".join(engine["differs_from_aws"]),
        **{
            label.lower().replace(" ", "_"): told
            for label, told in [*findings.lines(summary), *work.lines(summary)]
        },
    }.items():
        ET.SubElement(properties, "property", name=name, value=_clean(value))


def _element(suite: ET.Element, case: _Case) -> None:
    element = ET.SubElement(
        suite, "testcase", classname=f"floodgate.{case.group}", name=_clean(case.name), time="0"
    )
    if case.failure is not None:
        failure = ET.SubElement(element, case.kind, message=_clean(case.failure), type=case.group)
        failure.text = _clean(case.failure)
    ET.SubElement(element, "system-out").text = _clean(case.output)


def _clean(content: str) -> str:
    """XML 1.0 has no way to write most control characters, so they become visible escapes."""
    return _NOT_XML.sub(lambda match: match.group().encode("unicode_escape").decode("ascii"), content)

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema
import pytest
import yaml

from harness.exceptions import UsageError
from harness.load import Workload, catalogue
from harness.load.profiles.model import Trace
from harness.load.reading import document, workloads
from harness.load.reading.document import DocumentError
from harness.load.reading.overrides import with_overrides
from harness.load.reading.schema import schema, schema_text
from harness.load.workload import MAX_CUSTOMERS
from harness.stack import customers

pytestmark = pytest.mark.unit

WHOLE = """\
description: everything that can be said
rate_per_s: 10
arrivals: constant
profile: {kind: burst, factor: 50, quiet: 1, burst: 0.5, drain: 1}
sizes:
  - {min_bytes: 1KiB, max_bytes: 64 KiB, share: 9}
  - {min_bytes: 1MB, max_bytes: 5GB}
content: random
behaviours:
  - {kind: slow, share: 0.1, takes_s: 2}
  - {kind: poison, share: 0.05}
customers: 7
customer_order: in_turn
fresh_session_share: 0.5
minutes: 2.5
route: nested
faults: ["s3.CopyObject:SlowDown@5%[30s-60s]"]
thresholds: [end_to_end.p99 < 5s, files.lost == 0]
evaluations: [drift]
"""


def refuse_all(text: str) -> None:
    raise UsageError(f"{text} means nothing")


def problems(text: str, *checked: str) -> list[str]:
    with pytest.raises(DocumentError) as told:
        workloads.parse(text, dict.fromkeys(checked, refuse_all))
    return [str(problem) for problem in told.value.problems]


def test_a_workload_file_says_everything_that_a_workload_can():
    own = workloads.parse(WHOLE, {})
    assert own.profile.kind == "burst"
    assert [size.max_bytes for size in own.sizes] == [64 * 1024, 5_000_000_000]
    assert [(behaviour.kind, behaviour.share) for behaviour in own.behaviours] == [
        ("slow", 0.1),
        ("poison", 0.05),
    ]
    assert own.route == "nested"
    assert own.faults == ("s3.CopyObject:SlowDown@5%[30s-60s]",)
    assert own.thresholds == ("end_to_end.p99 < 5s", "files.lost == 0")
    assert own == Workload.model_validate(own.model_dump(mode="json"))


def test_every_problem_is_told_with_its_line_and_field():
    text = (
        "description: a try\nrate_per_s: fast\nprofile:\n  kind: burst\n  factor: -1\n"
        "sizes:\n  - {min_bytes: 1KiB, max_bytes: 2x}\ncolour: red\nfiles: 3\n"
        "thresholds:\n  - end_to_end.p99 < 5s\n"
    )
    assert problems(text, "thresholds") == [
        "line 2, rate_per_s: a number is needed (got 'fast')",
        "line 5, profile.factor: Input should be greater than 0 (got -1)",
        "line 7, sizes.0.max_bytes: a number of bytes is needed, or a text such as 64KiB (got '2x')",
        "line 8, colour: there is no such field (got 'red')",
        "line 11, thresholds.0: end_to_end.p99 < 5s means nothing",
    ]


def test_a_field_that_is_missing_is_told_on_the_line_of_what_should_hold_it():
    text = "rate_per_s: 1\nfiles: 1\nsizes:\n  - min_bytes: 5\n"
    assert problems(text) == ["line 1, description: it is needed", "line 4, sizes.0.max_bytes: it is needed"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["line 1: a mapping is needed, such as `rate_per_s: 10`"]),
        ("- a\n- b\n", ["line 1: a mapping is needed, such as `rate_per_s: 10`"]),
        ("a: [1, 2\nb: 3\n", ["line 2: while parsing a flow sequence, expected ',' or ']', but got ':'"]),
        ("a: 1\n\tb: 2\n", ["line 2: while scanning for the next token, found character '\\t' "]),
        ("a: 1\nb: 2\na: 3\n", ["line 3, a: it is there already, on line 1"]),
        ("a: &x 1\nb: *x\nc: *x\n", ["line 2: *x: write it out", "line 3: *x: write it out"]),
        ("a: 1\n---\nb: 2\n", ["line 2: expected a single document in the stream, but found another"]),
        (
            "a: 1\nb: !!python/name:os.system\n",
            ["line 2: the tag 'tag:yaml.org,2002:python/name:os.system': "],
        ),
        ("a: !!timestamp x\n", ["line 1: the tag "]),
        (f"a: {'[' * 5000}{']' * 5000}\n", ["line 1: it is nested too deeply"]),
        (f"a: 1\nb: {'9' * 5000}\n", ["line 2: the number is too long"]),
        (f"a: 0x{'f' * 5000}\n", ["line 1: the number is too long"]),
        ("a: 1\nb: \x00\n", ["line 1: "]),
    ],
)
def test_a_text_that_is_no_such_yaml_is_told_with_its_line(text, told):
    found = problems(text)
    assert len(found) == len(told)
    for one, beginning in zip(found, told, strict=True):
        assert one.startswith(beginning)


def test_wrong_types_are_refused_where_texts_are_expected():
    text = "description: x\nrate_per_s: 1\nfiles: 1\nroute: [a]\nfaults: a\nthresholds: [1, '']\n"
    fields = [problem.split(":")[0] for problem in problems(text, "route", "faults", "thresholds")]
    assert {"line 4, route", "line 5, faults", "line 6, thresholds.0", "line 6, thresholds.1"} <= set(fields)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sizes: x\n", "line 1, sizes: a list is needed (got 'x')"),
        ("sizes: [x]\n", "line 1, sizes.0: fields with values are needed (got 'x')"),
        ("profile: x\n", "line 1, profile: fields with values are needed (got 'x')"),
        ("behaviours: {a: 1}\n", "line 1, behaviours: a list is needed"),
        ("1: a\n", "line 1, 1: Keys should be strings (got 1)"),
    ],
)
def test_another_shape_than_is_needed_is_told(text, told):
    assert told in problems(text)


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("customers: 10001", "customers: Input should be less than or equal to 10000"),
        (
            "sizes: [{min_bytes: 1, max_bytes: 6000GiB}]",
            "sizes.0.max_bytes: Input should be less than or equal to 54",
        ),
        (
            f"sizes: [{{min_bytes: 1, max_bytes: {'9' * 400}GiB}}]",
            "sizes.0.max_bytes: Input should be less than",
        ),
        ("profile: {kind: ramp, steps: 1001}", "profile.steps: Input should be less than or equal to 1000"),
        ("profile: {factor: 2}", "profile: `kind` is needed"),
        ("profile: {kind: fast}", "profile: there is no kind 'fast'; known: 'steady', "),
        (
            "behaviours: [{kind: slow, share: 0.6}, {kind: aborted, share: 0.6}]",
            "behaviours: the shares add up to 1.2",
        ),
        (
            f"thresholds: [{', '.join(['x'] * 201)}]",
            "thresholds: there may be 200 items at most, and there are",
        ),
    ],
)
def test_what_no_run_could_do_is_told_with_its_field(field, told):
    (problem,) = problems(f"description: x\nrate_per_s: 5\nminutes: 1\n{field}\n")
    assert problem.startswith(f"line 4, {told}")
    assert len(problem) < 300


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ("rate_per_s: 1e300\nminutes: 1", "more than 1,000,000,000"),
        ("rate_per_s: 5\nminutes: 1\nprofile: {kind: burst, factor: 1e308}", "more than 1,000,000,000"),
        ("rate_per_s: 5\nfiles: 99999999999", "more than 1,000,000,000"),
        ("rate_per_s: 1e-300\nfiles: 10", "longer than a year"),
        ("rate_per_s: 1\nminutes: 1e6", "longer than a year"),
        (
            "rate_per_s: 1\nfiles: 9\n"
            "profile: {kind: steps, levels: [{factor: 1, length: 1e-9}, {factor: 1}]}",
            "shorter than a millisecond",
        ),
    ],
)
def test_numbers_that_make_no_load_together_are_refused(numbers, told):
    (problem,) = problems(f"description: x\n{numbers}\n")
    assert told in problem


def test_no_more_customers_than_a_stack_can_have():
    assert MAX_CUSTOMERS == customers.MAX_CUSTOMERS


def test_a_recursive_text_ends():
    assert problems("a: &x [*x]\n") == ["line 1: *x: write it out"]


def test_lines_of_the_whole_document():
    read = document.parse("# first\na:\n  - b: 1\n  -\n    c: 2\n")
    assert read.lines == {(): 2, ("a",): 2, ("a", 0): 3, ("a", 0, "b"): 3, ("a", 1): 5, ("a", 1, "c"): 5}


def test_a_workload_file_is_a_scenario(tmp_path: Path):
    path = tmp_path / "my_own.yaml"
    path.write_text("description: own\nprofile: {kind: trace, path: day.csv}\n")
    found = catalogue.scenario(str(path))
    assert found.name == "my-own"
    assert isinstance(found.workload.profile, Trace)
    assert found.workload.profile.path == str(tmp_path / "day.csv")


def test_a_workload_file_that_is_wrong_or_not_there(tmp_path: Path):
    path = tmp_path / "own.yml"
    with pytest.raises(UsageError, match="there is no scenario file"):
        catalogue.scenario(str(path))
    path.write_text("rate_per_s: -1\n")
    with pytest.raises(UsageError, match=r"(?s)own.yml is wrong:\n  line 1, description: .*\n  line 1, rate"):
        catalogue.scenario(str(path))
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="not UTF-8"):
        catalogue.scenario(str(path))
    path.write_text("".join(f"k{number}: 1\n" for number in range(100)))
    with pytest.raises(UsageError, match=r"… and 7\d more$"):
        catalogue.scenario(str(path))
    path.write_text("# much\n" * 20_000)
    with pytest.raises(UsageError, match="has 140,000 bytes, and a workload file at most 65,536"):
        catalogue.scenario(str(path))


@pytest.mark.parametrize("name", ["a" * 5000 + ".yaml", "./own.YAML", "."])
def test_a_name_that_is_no_scenario_is_told(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.YAML").write_text(WHOLE)
    with pytest.raises(UsageError) as told:
        catalogue.scenario(f"{name}" if name != "." else f".{os.sep}")
    assert told.value.hint


def workload() -> Workload:
    return Workload.model_validate(yaml.safe_load(WHOLE))


def test_any_field_can_be_set():
    changed = with_overrides(
        workload(),
        [
            "customers=50",
            "sizes.1.max_bytes=5GiB",
            "profile={kind: ramp, steps: 4}",
            "profile.factor=8",
            "behaviours=[]",
            "thresholds.0=end_to_end.p99 < 1s",
        ],
    )
    assert changed.customers == 50
    assert changed.sizes[1].max_bytes == 5 * 1024**3
    assert (changed.profile.kind, len(changed.segments)) == ("ramp", 4)
    assert changed.segments[-1].start_per_s == pytest.approx(80.0)
    assert changed.behaviours == ()
    assert changed.thresholds == ("end_to_end.p99 < 1s", "files.lost == 0")


def test_a_kind_alone_takes_the_defaults_of_that_kind():
    plain = Workload(description="plain", rate_per_s=1.0, minutes=1.0)
    assert len(with_overrides(plain, ["profile.kind=daily"]).segments) == 24


def test_everything_that_is_wrong_with_what_is_set_is_told_at_once():
    texts = ["customers", "nope.x=1", "sizes.7.share=1", "profile.kind.x=1", "minutes=[1"]
    with pytest.raises(UsageError) as told:
        with_overrides(workload(), texts)
    for text in texts:
        assert f"--set {text}: " in told.value.message


def test_what_is_set_is_checked_by_the_model():
    with pytest.raises(UsageError, match=r"customers: .*\(got -1\); .*colour: there is no such field"):
        with_overrides(workload(), ["customers=-1", "colour=red"])


def test_the_published_schema_is_the_models():
    published = Path(workloads.__file__).parent.parent / "workload.schema.json"
    assert published.read_text() == schema_text(), "floodgate scenarios --schema > " + str(published)


def test_the_schema_takes_what_the_model_takes_and_describes_every_field():
    made = schema()
    jsonschema.Draft202012Validator.check_schema(made)
    validator = jsonschema.Draft202012Validator(made)
    validator.validate(yaml.safe_load(WHOLE))
    assert list(validator.iter_errors({"description": "x", "colour": "red"}))
    undescribed = [name for name, field in made["properties"].items() if "description" not in field]
    assert undescribed == []


def test_the_schema_is_json_with_a_newline_at_its_end():
    assert json.loads(schema_text()) == schema()
    assert schema_text().endswith("}\n")


def test_the_example_of_the_page_is_a_workload():
    page = (Path(__file__).parents[3] / "scenarios" / "README.md").read_text()
    example = page.partition("```yaml\n")[2].partition("```")[0]
    own = workloads.parse(example, {})
    assert [behaviour.kind for behaviour in own.behaviours] == ["slow", "temp_rename"]

"""New code in place: what is refused, and how values get into a definition."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.deploy import reloadable
from harness.deploy.reload import require_compilable, substituted
from harness.deploy.reloadable import Machine, Reloadable
from harness.exceptions import DeployError, UsageError

pytestmark = pytest.mark.unit


def test_every_mistake_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "fine.py").write_text("x = 1\n")
    require_compilable(tmp_path)
    (tmp_path / "one.py").write_text("x = 1\ndef f(:\n")
    (tmp_path / "two.py").write_bytes(b"x = '\0'\n")
    with pytest.raises(UsageError) as caught:
        require_compilable(tmp_path)
    assert f"{tmp_path / 'one.py'}:2: invalid syntax" in caught.value.message
    assert "two.py" in caught.value.message


def test_only_known_variables_are_put_in() -> None:
    text = '{"Arn": "${Worker}", "Other": "${Unknown}", "States.Format": "$.x"}'
    assert substituted(text, {"Worker": "arn:1"}) == text.replace("${Worker}", "arn:1")


def test_what_can_be_reloaded_is_found_in_the_template_and_kept(tmp_path: Path) -> None:
    resources = {
        "Ours": {"Type": "AWS::Lambda::Function", "Properties": {"Code": {"S3Key": {"Ref": "CodeKey"}}}},
        "Inline": {"Type": "AWS::Lambda::Function", "Properties": {"Code": {"ZipFile": "x"}}},
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "DefinitionS3Location": {"Key": {"Fn::Sub": "${DefinitionsPrefix}/go.asl.json"}},
                "DefinitionSubstitutions": {"A": {"Ref": "Ours"}},
            },
        },
        "Written": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"DefinitionString": "{}"}},
    }
    described = reloadable.describe(resources)
    assert described["functions"] == [{"Ref": "Ours"}]
    (machine,) = described["machines"]
    resolved = {
        "functions": ["f-1"],
        "machines": [{"arn": "arn:m", "key": "p/go.asl.json", "substitutions": {"A": "f-1"}}],
    }
    assert machine["substitutions"] == {"A": {"Ref": "Ours"}}
    found = reloadable.from_resolved(resolved)
    assert found == Reloadable(("f-1",), (Machine("arn:m", "go.asl.json", {"A": "f-1"}),))
    found.write(tmp_path)
    assert Reloadable.read(tmp_path) == found
    with pytest.raises(DeployError):
        Reloadable.read(tmp_path / "none")

"""Functions and tasks: each route has those that it needs, with settings that their code can read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

import pytest

from harness.deploy import pipeline_files
from pipeline.common import settings
from pipeline.quarantine.settings import QuarantineSettings
from pipeline.workflow import settings as workflow_settings
from tests.unit.pipeline.template_variants import Variant, in_order, targets, text_of, variant, variants

pytestmark = pytest.mark.unit

each_variant = pytest.mark.parametrize("found", variants(), ids=str)

SETTINGS: Mapping[str, type[settings.FromEnvironment] | None] = {
    "WorkerFunction": settings.WorkerSettings,
    "RecorderFunction": settings.RecorderSettings,
    "EnrichmentFunction": None,
    "QuarantineFunction": QuarantineSettings,
    "StarterFunction": workflow_settings.StarterSettings,
    "CopyFunction": workflow_settings.DeliverySettings,
    "ValidateFunction": workflow_settings.ValidateSettings,
    "DownloadFunction": workflow_settings.DownloadSettings,
    "ProcessFunction": workflow_settings.ProcessSettings,
    "UploadFunction": workflow_settings.DeliverySettings,
    "NotifyFunction": workflow_settings.NotifySettings,
}
POWERTOOLS = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_LOG_LEVEL"}
CHILD = {"ValidateFunction", "DownloadFunction", "UploadFunction", "NotifyFunction"}


@pytest.mark.parametrize(
    ("chosen", "functions"),
    [
        ({"Route": "queued"}, {"WorkerFunction"}),
        ({"Route": "queued", "Pipe": "true"}, {"WorkerFunction", "EnrichmentFunction"}),
        ({"Route": "ecs"}, set()),
        ({"Route": "direct"}, {"CopyFunction", "NotifyFunction"}),
        ({"Route": "nested"}, CHILD),
        ({"Route": "nested", "Transform": "gzip"}, CHILD | {"ProcessFunction"}),
        ({"Route": "queued-nested"}, CHILD | {"StarterFunction"}),
        ({"Route": "queued-nested", "Pipe": "true"}, CHILD | {"EnrichmentFunction"}),
        (
            {"Route": "queued-nested", "Pipe": "true", "Fifo": "true"},
            CHILD | {"StarterFunction", "EnrichmentFunction"},
        ),
    ],
    ids=in_order,
)
def test_a_route_has_the_functions_that_it_needs(chosen: dict[str, str], functions: set[str]) -> None:
    functions = functions | {"QuarantineFunction"}
    assert set(variant({**chosen, "Recording": "lean"}).of_type("Lambda::Function")) == functions
    recorded = variant({**chosen, "Recording": "full"}).of_type("Lambda::Function")
    assert set(recorded) == functions | {"RecorderFunction"}


@each_variant
def test_each_function_has_a_log_group_of_its_name_and_may_write_to_it(found: Variant) -> None:
    groups = found.of_type("Logs::LogGroup")
    for name, function in found.of_type("Lambda::Function").items():
        group = name.replace("Function", "LogGroup")
        assert groups[group]["LogGroupName"] == {
            "Fn::Sub": "/aws/lambda/" + function["FunctionName"]["Fn::Sub"]
        }
        assert found.resources[name]["DependsOn"] == group, "Lambda makes the group itself if it is late"
        role = found.resources[next(targets(function["Role"]))]["Properties"]["Policies"][0]
        (write,) = (one for one in role["PolicyDocument"]["Statement"] if one["Sid"] == "WriteLogs")
        assert list(targets(write["Resource"])) == [group]


@each_variant
def test_every_log_group_has_a_retention(found: Variant) -> None:
    for group in found.of_type("Logs::LogGroup").values():
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}


@each_variant
def test_every_function_and_log_group_is_an_output(found: Variant) -> None:
    for kind, ending in (("Lambda::Function", "Function"), ("Logs::LogGroup", "LogGroup")):
        told = {name for name in found.outputs if name.endswith(ending)}
        # The harness cannot have the log of a server that it stands in for.
        assert told == set(found.of_type(kind)) - {"SftpServerLogGroup"}


@each_variant
def test_every_handler_is_there(found: Variant) -> None:
    for function in found.of_type("Lambda::Function").values():
        module, name = function["Handler"].rsplit(".", 1)
        source = pipeline_files.folder() / (module.removeprefix("pipeline.").replace(".", "/") + ".py")
        assert f"\ndef {name}(" in source.read_text()


@each_variant
def test_settings_can_be_read_and_none_is_without_effect(found: Variant) -> None:
    for name, function in found.of_type("Lambda::Function").items():
        given = function["Environment"]["Variables"]
        kind = SETTINGS[name]
        if kind is None:
            continue
        _read(kind, {key: text_of(value, found.values) for key, value in given.items()})


@each_variant
def test_tasks_get_the_settings_of_their_worker(found: Variant) -> None:
    for task in found.of_type("ECS::TaskDefinition").values():
        (container,) = task["ContainerDefinitions"]
        given = {pair["Name"]: text_of(pair["Value"], found.values) for pair in container["Environment"]}
        read = _read(settings.EcsWorkerSettings, given)
        assert isinstance(read, settings.EcsWorkerSettings)
        assert read.stop_timeout_s < container["StopTimeout"] <= 120, "Fargate waits two minutes at most"
        assert container["Command"] == ["python", "-m", "pipeline.worker"]


@each_variant
def test_workers_expect_a_row_as_soon_as_the_recorder_makes_it(found: Variant) -> None:
    window = {"Ref": "RecorderBatchWindowSeconds"}
    if mapping := found.of_type("Lambda::EventSourceMapping").get("RecorderEventSource"):
        assert mapping["MaximumBatchingWindowInSeconds"] == window
    if worker := found.of_type("Lambda::Function").get("WorkerFunction"):
        assert worker["Environment"]["Variables"]["RECORDER_DELAY_S"] == window
    for task in found.of_type("ECS::TaskDefinition").values():
        given = {pair["Name"]: pair["Value"] for pair in task["ContainerDefinitions"][0]["Environment"]}
        assert given["RECORDER_DELAY_S"] == window


def _read(kind: type[settings.FromEnvironment], given: dict[str, str]) -> settings.FromEnvironment:
    known = {field.name.upper() for field in fields(kind)}  # type: ignore[arg-type]
    assert set(given) - POWERTOOLS - {"AWS_DEFAULT_REGION"} <= known
    assert set(given) >= POWERTOOLS
    return kind.from_environment(given)


@each_variant
def test_the_recorder_writes_uploaded_where_no_work_queue_follows_at_once(found: Variant) -> None:
    if "RecorderFunction" not in found.resources:
        return
    rule = found.of_type("Events::Rule")["UploadRule"]
    follows = any("WorkQueue" in targets(target["Arn"]) for target in rule["Targets"])
    given = found.of_type("Lambda::Function")["RecorderFunction"]["Environment"]["Variables"]
    assert given["RECORDED_STATUS"] == ("queued" if follows else "uploaded")


@pytest.mark.parametrize("profile", ["local", "aws"])
@each_variant
def test_polling_never_exceeds_the_reserved_concurrency(found: Variant, profile: str) -> None:
    found = variant(found.chosen, profile)
    for mapping in found.of_type("Lambda::EventSourceMapping").values():
        polled = int(found.values[mapping["ScalingConfig"]["MaximumConcurrency"]["Ref"]])
        function = found.of_type("Lambda::Function")[next(targets(mapping["FunctionName"]))]
        if reserved := function.get("ReservedConcurrentExecutions"):
            assert 2 <= polled <= int(found.values[reserved["Ref"]])


def test_no_reservation_is_made_of_nothing() -> None:
    chosen = {"Route": "queued", "WorkerReservedConcurrency": "0", "RecorderReservedConcurrency": "0"}
    for function in variant(chosen).of_type("Lambda::Function").values():
        assert "ReservedConcurrentExecutions" not in function, "0 would stop the function"


@each_variant
def test_a_child_is_express_or_standard_with_the_parent_that_can_start_it(found: Variant) -> None:
    machines = found.of_type("StepFunctions::StateMachine")
    if "ChildStateMachine" not in machines:
        return
    is_express = found.values["ChildType"] == "express"
    assert machines["ChildStateMachine"]["StateMachineType"] == ("EXPRESS" if is_express else "STANDARD")
    assert machines["ParentStateMachine"]["StateMachineType"] == "STANDARD"
    for name in ("ParentStateMachine", "ChildStateMachine"):
        _, given = machines[name]["DefinitionS3Location"]["Key"]["Fn::Sub"]
        assert given == {"Child": "-express" if is_express else ""}


@each_variant
def test_state_machines_log(found: Variant) -> None:
    for machine in found.of_type("StepFunctions::StateMachine").values():
        logging = machine["LoggingConfiguration"]
        assert logging["Level"] == ("ALL" if machine["StateMachineType"] == "EXPRESS" else "ERROR")
        (destination,) = logging["Destinations"]
        arn = destination["CloudWatchLogsLogGroup"]["LogGroupArn"]
        assert arn == {"Fn::GetAtt": ["StateMachinesLogGroup", "Arn"]}


@pytest.mark.parametrize("profile", ["local", "aws"])
def test_functions_end_before_the_state_machines_give_them_up(profile: str) -> None:
    values = variant({"Route": "nested"}, profile).values
    assert int(values["StepTimeoutSeconds"]) <= 280, "an Express execution may last 300 s"
    assert int(values["ValidateTimeoutSeconds"]) <= 110
    assert int(values["NotifyTimeoutSeconds"]) <= 110
    assert int(values["DeadlineReserveSeconds"]) < int(values["StepTimeoutSeconds"])
    assert int(values["ReadTimeoutSeconds"]) < int(values["StepTimeoutSeconds"])


@pytest.mark.parametrize("profile", ["local", "aws"])
def test_the_quarantine_outlasts_whoever_copies(profile: str) -> None:
    values = variant({"Route": "queued"}, profile).values
    for name in ("WorkerTimeoutSeconds", "StepTimeoutSeconds"):
        assert int(values[name]) < int(values["QuarantineTimeoutSeconds"]) <= 900


@each_variant
def test_an_event_that_the_quarantine_cannot_handle_is_kept(found: Variant) -> None:
    (retries,) = found.of_type("Lambda::EventInvokeConfig").values()
    kept = retries["DestinationConfig"]["OnFailure"]["Destination"]
    assert (list(targets(kept)), retries["MaximumRetryAttempts"]) == (["UndeliveredEventsQueue"], 2)

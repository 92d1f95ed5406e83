import botocore.exceptions
import botocore.session
import pytest

from harness import aws
from harness.engines.base import EngineInfo
from harness.exceptions import AwsError, StackLostError

pytestmark = pytest.mark.unit

ENGINE = EngineInfo("localstack", "host", "4.9.2", "http://127.0.0.1:4566")


def test_the_users_own_aws_settings_have_no_say(monkeypatch, tmp_path):
    (tmp_path / "config").write_text("[default]\nregion = eu-west-9\nendpoint_url = http://example.invalid\n")
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    client = aws.client("s3", ENGINE)

    assert client.meta.endpoint_url == "http://127.0.0.1:4566"
    assert client.meta.region_name == "us-east-1"
    assert client.meta.config.proxies == {}


def test_no_variable_of_aws_is_read(monkeypatch):
    expected = aws.client("s3", ENGINE).meta.config
    variables = [names for _, names, *_ in botocore.session.Session.SESSION_VARIABLES.values() if names]
    for names in variables:
        for name in [names] if isinstance(names, str) else names:
            monkeypatch.setenv(name, "junk")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://example.invalid")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "junk")

    config = aws.client("s3", ENGINE).meta.config

    for setting in ("defaults_mode", "retries", "request_checksum_calculation", "use_fips_endpoint"):
        assert getattr(config, setting) == getattr(expected, setting)


def test_options_of_a_caller_are_merged_into_ours():
    config = botocore.config.Config(read_timeout=7)
    merged = aws.client("s3", ENGINE, config=config).meta.config
    assert merged.read_timeout == 7
    assert merged.s3["addressing_style"] == "path"


def test_the_region_of_aws_region_counts_for_an_account(monkeypatch):
    """boto3 by itself reads AWS_DEFAULT_REGION only."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-9")
    assert aws.user_session().region_name == "eu-west-9"
    monkeypatch.setenv("AWS_REGION", "eu-west-8")
    assert aws.user_session().region_name == "eu-west-8"
    assert aws.user_session("eu-west-7").region_name == "eu-west-7"


def test_a_refusal_of_aws_keeps_its_code():
    refusal = botocore.exceptions.ClientError({"Error": {"Code": "NoSuchBucket"}}, "GetObject")
    with pytest.raises(AwsError, match=r"reading: .*NoSuchBucket") as caught, aws.translated("reading"):
        raise refusal
    assert caught.value.code == "NoSuchBucket"


@pytest.mark.parametrize(
    "error",
    [
        botocore.exceptions.ClientError({"Error": {"Code": "ExpiredToken"}}, "PutObject"),
        botocore.exceptions.ClientError({"Error": {"Code": "ExpiredTokenException"}}, "DeleteStack"),
        botocore.exceptions.UnauthorizedSSOTokenError(),
    ],
)
def test_credentials_that_have_ended_are_told_with_the_fix(error):
    with pytest.raises(AwsError) as caught, aws.translated("deleting the stack"):
        raise error
    assert "log in again" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "error",
    [
        botocore.exceptions.EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
        botocore.exceptions.ReadTimeoutError(endpoint_url="http://127.0.0.1:1"),
        botocore.exceptions.ConnectionClosedError(endpoint_url="http://127.0.0.1:1"),
    ],
)
def test_an_endpoint_that_does_not_answer_is_a_lost_stack(error):
    with pytest.raises(StackLostError, match="does not answer"), aws.translated("reading"):
        raise error


def test_other_errors_of_botocore_do_not_leak():
    with pytest.raises(AwsError), aws.translated("reading"):
        raise botocore.exceptions.ParamValidationError(report="bad")

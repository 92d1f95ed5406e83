"""Valid policies and questions by the thousand, from alphabets so small that they often meet."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

KEYS = (
    "s3:prefix",
    "S3:Delimiter",
    "aws:SourceIp",
    "aws:SecureTransport",
    "aws:PrincipalArn",
    "aws:userid",
    "aws:CurrentTime",
    "s3:x-amz-acl",
)
_ACTIONS = ("s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:DeleteObject")
_VARIABLES = ("${aws:userid}", "${AWS:UserId}", "${aws:absent}", "${aws:absent, 'a'}", "${*}", "${?}", "${$}")
_TEXT_OPERATORS = (
    "StringEquals",
    "StringNotEquals",
    "StringLike",
    "StringNotLike",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "ArnLike",
    "ArnEquals",
    "ArnNotLike",
    "ArnNotEquals",
)
_COMPARISONS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
_PREFIXES = ("", "", "ForAllValues:", "ForAnyValue:")

plain_texts = st.text("aAb/*?:$", max_size=4)
texts = st.lists(st.one_of(plain_texts, st.sampled_from(_VARIABLES)), max_size=3).map("".join)
arns = st.one_of(
    texts.map(lambda text: f"arn:aws:s3:::{text}"),
    st.lists(st.text("as3*?", max_size=3), min_size=5, max_size=7).map(
        lambda fields: ":".join(["arn", *fields])
    ),
    st.sampled_from(["*", "arn:*", "arn:aws:s3*", "arn:aws:s3:*:*:a*", "arn:*:*:*:*:a"]),
)
actions = st.sampled_from(
    [*_ACTIONS, "s3:getobject", "s3:Get*", "s3:*", "*", "s3:?etObject", "s3:*Object", "iam:*"]
)
_moments = st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01", "1767225600", "2027-06-01T12:00:00+02:00"])
_networks = st.sampled_from(["192.0.2.0/24", "192.0.2.7", "0.0.0.0/0", "2001:db8::/32", "192.0.2.9/24"])
_numbers = st.sampled_from(["1", "1.0", "-1", "1767225600"])


def _values(values: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.one_of(values, st.lists(values, min_size=1, max_size=3))


@st.composite
def _conditions(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    kind = draw(st.sampled_from(["text", "parsed", "null"]))
    key = draw(st.sampled_from(KEYS))
    if kind == "null":
        return {"Null": {key: draw(st.sampled_from(["true", "false", True, False]))}}
    prefix, suffix = draw(st.sampled_from(_PREFIXES)), draw(st.sampled_from(["", "IfExists"]))
    if kind == "text":
        name = draw(st.sampled_from(_TEXT_OPERATORS))
        return {f"{prefix}{name}{suffix}": {key: draw(_values(st.one_of(texts, arns)))}}
    name, values = draw(
        st.one_of(
            st.tuples(st.just("Bool"), st.sampled_from(["true", "false", "True"])),
            st.tuples(st.sampled_from(["IpAddress", "NotIpAddress"]), _networks),
            st.tuples(st.sampled_from([f"Date{c}" for c in _COMPARISONS]), _moments),
            st.tuples(st.sampled_from([f"Numeric{c}" for c in _COMPARISONS]), _numbers),
        )
    )
    return {f"{prefix}{name}{suffix}": {key: values}}


@st.composite
def statements(draw: st.DrawFn, effect: str | None = None) -> dict[str, Any]:
    action, resource = (
        draw(st.sampled_from(["Action", "NotAction"])),
        draw(st.sampled_from(["Resource", "NotResource"])),
    )
    made = {
        "Effect": effect or draw(st.sampled_from(["Allow", "Allow", "Deny"])),
        action: draw(_values(actions)),
        resource: draw(_values(arns)),
    }
    conditions = draw(st.lists(_conditions(), max_size=2))
    return {**made, "Condition": {k: v for condition in conditions for k, v in condition.items()}}


policies = st.lists(statements(), min_size=1, max_size=4).map(
    lambda made: {"Version": "2012-10-17", "Statement": made}
)

requests = st.tuples(
    st.sampled_from(_ACTIONS),
    st.one_of(
        plain_texts.map(lambda text: f"arn:aws:s3:::a/{text}"),
        st.sampled_from(["arn:aws:s3:::a", "arn:aws:s3:::", "arn:aws:s3:::a/a:b/*"]),
    ),
    st.fixed_dictionaries(
        {"aws:userid": plain_texts},
        optional={
            "s3:prefix": st.one_of(plain_texts, st.just("arn:aws:s3:::a:b")),
            "s3:delimiter": st.just("/"),
            "aws:sourceip": st.sampled_from(["192.0.2.7", "198.51.100.1", "2001:db8::1", "nonsense"]),
            "aws:securetransport": st.sampled_from(["true", "false"]),
            "aws:principalarn": st.sampled_from(["arn:aws:iam::000000000000:role/a", "arn:a:b:c:d:e/f:g"]),
            "aws:currenttime": _moments,
        },
    ),
)

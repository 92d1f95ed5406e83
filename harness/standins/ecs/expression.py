"""Metric math: the arithmetic of CloudWatch expressions that scaling rules on a backlog are made of.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Final

from harness.exceptions import UsageError

_HINT = "Floodgate evaluates + - * / comparisons, numbers, ids, and FILL, IF, MAX, MIN, SUM, ABS, CEIL, FLOOR"
_OPERATORS: Final[Mapping[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: Final[Mapping[type[ast.cmpop], Callable[[float, float], bool]]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}

Value = float | None
"""None: no datapoint, as for a metric that was never sent and for a division by zero."""


class Expression:
    """A metric math expression over other metrics of the same rule.

    :raises UsageError: it holds what Floodgate does not evaluate
    """

    def __init__(self, text: str) -> None:
        try:
            self._body = ast.parse(text.strip(), mode="eval").body
        except SyntaxError as exc:
            raise UsageError(f"not a metric math expression: {text!r}", hint=_HINT) from exc
        _check(self._body, text)

    def value(self, metrics: Mapping[str, Value]) -> Value:
        """Return the value; None where one that it needs is missing.

        :raises UsageError: it names a metric that the rule does not have
        """
        return _value(self._body, metrics)


def _check(node: ast.expr, text: str) -> None:
    if not _is_known(node):
        raise UsageError(f"Floodgate cannot evaluate {text!r}", hint=_HINT)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            _check(child, text)


def _is_known(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=int() | float()) | ast.Name() | ast.List():
            return True
        case ast.UnaryOp(op=ast.USub()):
            return True
        case ast.BinOp(op=found):
            return type(found) in _OPERATORS
        case ast.Compare(ops=[found]):
            return type(found) in _COMPARISONS
        case ast.Call(func=ast.Name(id=name), keywords=[]):
            return name in _FUNCTIONS
    return False


def _value(node: ast.expr, metrics: Mapping[str, Value]) -> Value:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return _metric(name, metrics)
        case ast.UnaryOp(operand=inner):
            found = _value(inner, metrics)
            return None if found is None else -found
        case ast.BinOp(left=left, op=sign, right=right):
            return _arithmetic(_OPERATORS[type(sign)], _value(left, metrics), _value(right, metrics))
        case ast.Compare(left=left, ops=[sign], comparators=[right]):
            return _arithmetic(_COMPARISONS[type(sign)], _value(left, metrics), _value(right, metrics))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _FUNCTIONS[name]([_value(one, metrics) for one in _flat(arguments)])
    raise UsageError(f"Floodgate cannot evaluate {ast.unparse(node)!r}", hint=_HINT)


def _metric(name: str, metrics: Mapping[str, Value]) -> Value:
    if name not in metrics:
        raise UsageError(f"the expression names {name!r}, which is no metric of the scaling rule")
    return metrics[name]


def _arithmetic(sign: Callable[[float, float], float], left: Value, right: Value) -> Value:
    """CloudWatch has no value where one side has none, or where it would divide by zero."""
    if left is None or right is None:
        return None
    try:
        return float(sign(left, right))
    except ZeroDivisionError:
        return None


def _flat(arguments: list[ast.expr]) -> list[ast.expr]:
    """`MAX([a, b])` takes its metrics as a list."""
    return [one for found in arguments for one in (found.elts if isinstance(found, ast.List) else [found])]


def _fill(arguments: list[Value]) -> Value:
    value, instead = arguments
    return instead if value is None else value


def _if(arguments: list[Value]) -> Value:
    condition, then, otherwise = arguments
    return then if condition else otherwise


def _of_known(function: Callable[[list[float]], float]) -> Callable[[list[Value]], Value]:
    def apply(arguments: list[Value]) -> Value:
        known = [one for one in arguments if one is not None]
        return float(function(known)) if known else None

    return apply


_FUNCTIONS: Final[Mapping[str, Callable[[list[Value]], Value]]] = {
    "FILL": _fill,
    "IF": _if,
    "MAX": _of_known(max),
    "MIN": _of_known(min),
    "SUM": _of_known(sum),
    "ABS": _of_known(lambda known: abs(known[0])),
    "CEIL": _of_known(lambda known: -(-known[0] // 1)),
    "FLOOR": _of_known(lambda known: known[0] // 1),
}

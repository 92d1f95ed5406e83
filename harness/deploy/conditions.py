"""Evaluates a template's conditions and rules here, as CloudFormation will.

Both may depend on nothing but parameters, mappings and pseudo parameters, so no engine need be asked: this is
how `deploy --plan` can tell what a route has without starting anything.
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-conditions.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from harness.exceptions import UsageError

NO_VALUE = {"Ref": "AWS::NoValue"}
_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")


class Conditions:
    """The conditions of one template under given parameters.

    :param parameters: values of all parameters, those of list types as lists
    :param pseudo: `AWS::Region` and the like
    """

    def __init__(
        self, template: Mapping[str, Any], parameters: Mapping[str, Any], pseudo: Mapping[str, str]
    ) -> None:
        self._conditions: Mapping[str, Any] = template.get("Conditions", {})
        self._mappings: Mapping[str, Any] = template.get("Mappings", {})
        self._values = {**pseudo, **parameters}
        self._known: dict[str, bool] = {}

    def holds(self, name: str | None) -> bool:
        """Tell whether the named condition is true; None stands for no condition.

        :raises UsageError: there is none of that name, or it uses a function that conditions do not have
        """
        if name is None:
            return True
        if name not in self._known:
            if name not in self._conditions:
                raise UsageError(f"the template has no condition {name!r}")
            self._known[name] = self.is_true(self._conditions[name])
        return self._known[name]

    def is_true(self, expression: Any) -> bool:
        """Evaluate an expression that gives true or false."""
        return str(self.value(expression)).lower() == "true"

    def choose(self, value: Any) -> Any:
        """Return a piece of template with each `Fn::If` replaced by the branch that holds.

        `AWS::NoValue` takes its property or list item along, as in CloudFormation.
        """
        if isinstance(value, list):
            chosen = [self.choose(item) for item in value]
            return [item for item in chosen if item != NO_VALUE]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Fn::If"}:
            name, when_true, when_false = value["Fn::If"]
            return self.choose(when_true if self.holds(name) else when_false)
        kept = {key: self.choose(inner) for key, inner in value.items()}
        if set(value) == {"Ref"}:
            return kept
        return {key: inner for key, inner in kept.items() if inner != NO_VALUE}

    def value(self, expression: Any) -> Any:
        """Evaluate an expression that refers to no resource.

        :raises UsageError: it uses a function or a name that is not known before an engine runs
        """
        if isinstance(expression, list):
            return [self.value(item) for item in expression]
        if not isinstance(expression, dict):
            return expression
        if len(expression) != 1:
            raise UsageError(f"a condition of the template is not understood: {expression}")
        function, argument = next(iter(expression.items()))
        if function == "Condition":
            return self.holds(argument)
        if function == "Ref":
            return self._parameter(argument)
        if function == "Fn::If":
            name, when_true, when_false = argument
            return self.value(when_true if self.holds(name) else when_false)
        return self._apply(function, argument)

    def _apply(self, function: str, argument: Any) -> Any:
        match function:
            case "Fn::Equals":
                left, right = self.value(argument)
                return _text(left) == _text(right)
            case "Fn::Not":
                return not self.is_true(argument[0])
            case "Fn::And":
                return all(self.is_true(item) for item in argument)
            case "Fn::Or":
                return any(self.is_true(item) for item in argument)
            case "Fn::Contains":
                items, item = self.value(argument)
                return _text(item) in [_text(each) for each in items]
            case "Fn::EachMemberIn":
                members, allowed = self.value(argument)
                return all(member in allowed for member in members)
            case "Fn::FindInMap":
                mapping, first, second = self.value(argument)
                return self._mappings[mapping][first][second]
            case "Fn::Select":
                index, items = self.value(argument)
                return items[int(index)]
            case "Fn::Split":
                separator, text = self.value(argument)
                return text.split(separator)
            case "Fn::Join":
                separator, items = self.value(argument)
                return separator.join(_text(item) for item in items)
            case "Fn::Sub":
                return self._substitute(argument)
        raise UsageError(f"{function} cannot be used in a condition of the template")

    def _substitute(self, argument: Any) -> str:
        text, given = argument if isinstance(argument, list) else (argument, {})
        values = {name: self.value(value) for name, value in given.items()}

        def value(found: re.Match[str]) -> str:
            name = found.group(1)
            return _text(values[name] if name in values else self._parameter(name))

        return _VARIABLE.sub(value, text)

    def _parameter(self, name: str) -> Any:
        if name not in self._values:
            raise UsageError(f"a condition of the template asks for {name}, which is no parameter")
        return self._values[name]


def _text(value: Any) -> str:
    """Return a value as CloudFormation compares it: YAML's `true` and `1` are the texts."""
    return str(value).lower() if isinstance(value, bool) else str(value)

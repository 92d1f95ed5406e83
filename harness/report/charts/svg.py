"""The few SVG words that the charts are made of."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup, escape


def tag(name: str, *children: str, **attributes: str | float | None) -> Markup:
    """Return an element; text and attribute values are escaped unless they are `Markup`.

    `class_` becomes `class`, other underscores become hyphens; attributes that are `None` are left out.
    """
    written = Markup().join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _value(value))
        for key, value in attributes.items()
        if value is not None
    )
    content = Markup().join(map(escape, children))
    return Markup("<{0}{1}>{2}</{0}>").format(name, written, content)


def percent(share: float) -> str:
    """Return a share of the width (0 to 1) as a length."""
    return f"{share * 100:.3f}%"


def picture(*children: Markup, height: int, title: str, description: str) -> Markup:
    """Return a drawing as wide as its place, with a name and a description for screen readers."""
    return tag(
        "svg",
        tag("title", title),
        tag("desc", description),
        *children,
        width="100%",
        height=height,
        role="img",
        aria_label=f"{title}. {description}",
    )


def polyline(points: Iterable[tuple[float, float]], height: int, class_: str) -> Markup:
    """Return a line through points of (share of the width, pixels from the top)."""
    path = " ".join(f"{x * 1000:.1f},{y:.1f}" for x, y in points)
    line = tag("polyline", points=path, class_=class_, vector_effect="non-scaling-stroke")
    return tag(
        "svg", line, width="100%", height=height, viewBox=f"0 0 1000 {height}", preserveAspectRatio="none"
    )


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:g}"

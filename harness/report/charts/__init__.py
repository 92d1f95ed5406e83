"""Charts as SVG, drawn here and not in the browser.

Horizontal positions are percentages and vertical ones pixels, so one drawing keeps its text size from a phone
to a wide screen. Colours and fonts are in `templates/report.css`; nothing here uses style attributes,
which the page's content security policy forbids.
"""

"""A comparison for people: on a terminal, and as a page with the charts of both sides in one."""

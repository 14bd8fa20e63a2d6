"""Feeds hostile records for as long as one likes, guided by coverage, on Linux on x86-64.

    make fuzz                                            # commands, for a minute
    make fuzz ARGS="reply -max_total_time=3600 corpus"   # options are those of libFuzzer

The properties are those of the tests; what is found fails with the record that did it. A hang of
ten seconds and a growth to 2 GB are found as well.
"""

from __future__ import annotations

import logging
import sys
from typing import Final

import atheris
import structlog

with atheris.instrument_imports(include=["workers", "schemas"]):
    from tests.fuzzing import test_hostile_records as properties

PROPERTIES: Final = {
    "event": properties.test_a_record_is_an_event_or_cannot_be_read,
    "command": properties.test_a_command_gets_its_answer_or_is_set_aside,
    "reply": properties.test_a_reply_changes_an_order_that_waits_for_it_or_nothing,
    "request": properties.test_a_request_can_be_answered_or_is_set_aside,
    "document": properties.test_an_order_comes_back_from_its_document,
}
DEFAULTS: Final = ("-timeout=10", "-rss_limit_mb=2048", "-len_control=0", "-max_len=8192")


def main() -> None:
    """Fuzz the property that is named first; without options, commands for a minute."""
    name, *options = sys.argv[1:] or ["command", "-max_total_time=60"]
    if name not in PROPERTIES:
        sys.exit(f"There is no property {name}: choose one of {', '.join(PROPERTIES)}")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    feed = PROPERTIES[name].hypothesis.fuzz_one_input  # type: ignore[attr-defined] # given adds it
    atheris.Setup([sys.argv[0], *DEFAULTS, *options], feed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

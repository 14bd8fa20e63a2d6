"""Let a failed `then` show what was told instead."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.spec.story")

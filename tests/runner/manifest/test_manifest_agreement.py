"""Whatever the CRD accepts, the engine can read: no threshold or load fails after `validate`."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from katydid.load.text import load_from_manifest, load_to_manifest
from katydid.manifest import checks, schema
from katydid.thresholds import from_manifest

LIMITS = st.one_of(
    st.integers(0, 10**12),
    st.from_regex(r"[0-9]{1,4}(\.[0-9]{1,3})?(ms|s|%|/s)?", fullmatch=True),
)
SPANS = st.one_of(
    st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,2})?", fullmatch=True),
    st.from_regex(r"([0-9]{1,2}d)?([0-9]{1,2}h)?([0-9]{1,3}m)?([0-9]{1,4}s)?", fullmatch=True),
)
METRICS = st.one_of(
    st.sampled_from(["max", "mean", "failures", "rps", "requests", "p50", "p99", "p999"]),
    st.from_regex(r"p[0-9]{1,4}", fullmatch=True),
)
NUMBERS = st.one_of(st.integers(0, 100), st.floats(0, 100, allow_subnormal=False))


def accepted(value: Any, part: schema.Schema) -> bool:
    if schema.violations(value, part):
        return False
    return not list(checks.part_violations(value, part, ()))


@settings(max_examples=300, deadline=None)
@given(METRICS, LIMITS, st.sampled_from(["below", "above"]), st.none() | SPANS, st.none() | SPANS)
def test_thresholds(
    metric: str, limit: Any, side: str, window: str | None, after: str | None
) -> None:
    given_fields = {"name": "n", "metric": metric, side: limit, "window": window, "after": after}
    part = schema.at("spec", "thresholds")
    value = schema.with_defaults([given_fields], part)

    if accepted(value, part):
        assert from_manifest(value[0]).metric == metric


LOADS = st.one_of(
    st.fixed_dictionaries(
        {"users": NUMBERS, "runTime": SPANS},
        optional={"spawnRate": NUMBERS, "unbounded": st.booleans()},
    ),
    st.fixed_dictionaries(
        {
            "stages": st.lists(
                st.fixed_dictionaries(
                    {"duration": SPANS, "users": NUMBERS}, optional={"spawnRate": NUMBERS}
                ),
                max_size=2,
            )
        }
    ),
    st.fixed_dictionaries(
        {
            "arrivalRate": st.fixed_dictionaries(
                {"rate": NUMBERS, "maxUsers": NUMBERS},
                optional={
                    "runTime": SPANS,
                    "stages": st.lists(
                        st.fixed_dictionaries({"duration": SPANS, "rate": NUMBERS}), max_size=2
                    ),
                },
            )
        }
    ),
)


@settings(max_examples=300, deadline=None)
@given(LOADS)
def test_loads(fields: dict[str, Any]) -> None:
    part = schema.at("spec", "load")
    value = schema.with_defaults(fields, part)

    if accepted(value, part):
        assert load_from_manifest(load_to_manifest(load_from_manifest(value))) is not None

"""run.json: exact round trips, and sentences for files that are something else."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from katydid.errors import UsageError
from katydid.results.document_json import from_json, to_json, to_plain
from katydid.run import document as model
from katydid.run.document import RunDocument

# Free-form fields hold whatever JSON holds.
FREE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def _documents() -> st.SearchStrategy[RunDocument]:
    """Documents of every shape: each dataclass built from its field types."""
    free = st.dictionaries(st.text(), FREE, max_size=3)
    load = st.builds(model.LoadRow, spec=free)
    status = st.builds(model.Status, load=load)
    return st.builds(
        model.RunDocument,
        schema=st.just(model.SCHEMA),
        status=status,
        options=free,
        task_ratio=free,
    )


@settings(max_examples=60, deadline=None)
@given(_documents())
def test_any_document_survives_the_round_trip(document: RunDocument) -> None:
    text = to_json(document)
    # As texts, since NaN equals nothing; repr also tells 1 from 1.0.
    assert repr(from_json(text)) == repr(document)
    assert to_json(from_json(text)) == text


def test_the_samples_survive_the_round_trip(any_sample: RunDocument) -> None:
    text = to_json(any_sample)
    assert from_json(text) == any_sample
    assert text.isascii()  # lone surrogates in names are no reason to lose a result


def test_numbers_that_json_lacks_come_back_as_numbers(samples: Any) -> None:
    document = samples.passed()
    generator = dataclasses.replace(
        document.status.generator, max_cpu_percent=math.inf, max_loop_lag_ms=math.nan
    )
    document = dataclasses.replace(
        document, status=dataclasses.replace(document.status, generator=generator)
    )
    back = from_json(to_json(document)).status.generator
    assert back.max_cpu_percent == math.inf
    assert math.isnan(back.max_loop_lag_ms)


def test_whole_numbers_in_float_fields_stay_whole(samples: Any) -> None:
    document = dataclasses.replace(
        samples.passed(), status=dataclasses.replace(samples.passed().status, elapsed_seconds=60)
    )
    assert '"elapsed_seconds":60,' in to_json(document)
    assert type(from_json(to_json(document)).status.elapsed_seconds) is int


def test_free_form_values_become_what_json_has() -> None:
    assert to_plain({"tags": {"b", "a"}, "pair": (1, 2), 3: object}) == {
        "tags": ["a", "b"], "pair": [1, 2], "3": "<class 'object'>",
    }  # fmt: skip


def test_added_fields_are_ignored_and_optional_ones_may_be_absent(samples: Any) -> None:
    plain = json.loads(to_json(samples.passed()))
    plain["new_in_a_later_version"] = {"x": 1}
    del plain["names_dropped"]
    del plain["status"]["partial"]
    assert from_json(json.dumps(plain)) == samples.passed()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "a.json is not JSON: Expecting value: line 1 column 1 (char 0)."),
        ("[" * 100_000, "a.json is not JSON: maximum recursion depth exceeded"),
        ("[]", "a.json is not a Katydid result: `katydid run` writes those as run.json."),
        ('{"schema": true}', "a.json is not a Katydid result: "),
        ('{"name": "locust"}', "a.json is not a Katydid result: "),
        ('{"schema": 1}', "a.json is not a Katydid result: "),
        ('{"schema": 2, "status": {}}',
         "a.json has schema 2, and this version of Katydid reads schema 1: "
         "use the version that wrote it."),
        ('{"schema": 1, "status": {}}',
         "a.json is not a complete Katydid result: `status.run` is missing."),
        ('{"schema": 1, "status": []}',
         "a.json is not a complete Katydid result: `status` should be an object, not a list."),
    ],
)  # fmt: skip
def test_a_wrong_file_gets_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        from_json(text, "a.json")
    assert str(caught.value).startswith(sentence)
    assert caught.value.exit_code == 64


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (("status", "generation"), "1", "`status.generation` should be a number, not a text"),
        (("status", "final"), 1, "`status.final` should be true or false, not a number"),
        (("status", "elapsed_seconds"), None,
         "`status.elapsed_seconds` should be a number, not null"),
        (("status", "elapsed_seconds"), True,
         "`status.elapsed_seconds` should be a number, not true or false"),
        (("requests",), {}, "`requests` should be a list, not an object"),
        (("requests", 1, "latency"), [], "`requests[1].latency` should be an object, not a list"),
        (("status", "total", "codes", "200"), "x",
         "`status.total.codes.200` should be a number, not a text"),
    ],
)  # fmt: skip
def test_a_field_of_the_wrong_type_is_named(
    samples: Any, path: tuple[Any, ...], value: Any, sentence: str
) -> None:
    plain = json.loads(to_json(samples.passed()))
    place = plain
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(UsageError, match="is not a complete Katydid result") as caught:
        from_json(json.dumps(plain), "a.json")
    assert sentence in str(caught.value)

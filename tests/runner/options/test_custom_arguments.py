"""Arguments that a locustfile or a plugin adds through events.init_command_line_parser."""

import pytest

from katydid.cli import options
from katydid.errors import UsageError


def add_many(parser):
    parser.add_argument("--shop", default="north", env_var="SHOP", help="Which shop")
    parser.add_argument("--pin", is_secret=True, default="0000")
    parser.add_argument("--internal", include_in_web_ui=False, type=int, default=3)
    group = parser.add_argument_group("mine")
    group.add_argument("--size", choices=["s", "l"], nargs="*", is_multiple=True, default=["s"])
    group.add_argument("--needed", is_required=True)


def test_values_come_from_all_sources(place, on_parser):
    on_parser(add_many)
    (place / "work" / "locust.conf").write_text("internal = 5\n")
    values = options.parse_options(
        ["--size", "l", "s", "--pin=9", "Buyer"], environ={"SHOP": "south"}
    )
    assert (values.shop, values.pin, values.internal, values.size) == ("south", "9", 5, ["l", "s"])
    assert values.user_classes == [] or values.user_classes == ["Buyer"]


def test_the_start_form_gets_what_it_may_show(place, on_parser):
    on_parser(add_many)
    parser = options.build_parser()
    values = options.parse_options(["--shop", "west"], environ={}, parser=parser)
    extra = options.extra_options(parser, values)
    assert list(extra) == ["shop", "pin", "size", "needed"]
    assert extra["shop"]._asdict() == {
        "default_value": "west",
        "is_secret": False,
        "help_text": "Which shop",
        "choices": None,
        "is_required": False,
        "is_multiple": False,
    }
    assert extra["pin"].is_secret is True
    assert (extra["size"].choices, extra["size"].is_multiple) == (["s", "l"], True)
    assert extra["needed"].is_required is True
    assert list(parser.secret_args_included_in_web_ui) == ["pin"]


def test_workers_are_sent_the_custom_values_only(place, on_parser):
    on_parser(add_many)
    parser = options.build_parser()
    values = options.parse_options(["-u", "3"], environ={}, parser=parser)
    assert options.custom_options(parser, values) == {
        "shop": "north", "pin": "0000", "internal": 3, "size": ["s"], "needed": None,
    }  # fmt: skip


def test_a_custom_argument_takes_the_name_of_one_of_ours(place, on_parser):
    on_parser(lambda parser: parser.add_argument("--results", type=int, default=1))
    parser = options.build_parser()
    values = options.parse_options(
        ["--results", "5", "--katydid-results", "out"], environ={}, parser=parser
    )
    assert values.results == 5
    assert options.katydid_options(values).results == "out"
    assert options.custom_options(parser, values) == {"results": 5}
    values = options.parse_options(["--results", "5"], environ={"KATYDID_RESULTS": "env"})
    assert options.katydid_options(values).results == "env"


def test_a_custom_argument_is_suggested_too(place, on_parser):
    on_parser(add_many)
    with pytest.raises(UsageError, match=r"Did you mean --needed\?"):
        options.parse_options(["--neded", "1"], environ={})


def test_a_custom_argument_that_one_of_locusts_options_begins_like(place, on_parser):
    on_parser(lambda parser: parser.add_argument("--user"))
    values = options.parse_options(["--user", "alice"], environ={})
    assert (values.user, values.num_users) == ("alice", None)

"""Tags: keep, exclude, nested sets."""

import pytest

from katydid.user import TaskSet, User, filter_tasks_by_tags, tag, task


def shopper():
    class Shopper(User):
        @tag("read")
        @task(2)
        def browse(self):
            pass

        @tag("write", "slow")
        @task
        def buy(self):
            pass

        @task
        def untagged(self):
            pass

        @task
        class Section(TaskSet):
            @tag("read", "slow")
            @task
            def archive(self):
                pass

            @task
            def leave(self):
                pass

    return Shopper


def names(owner):
    return [each.__name__ for each in owner.tasks]


@pytest.mark.parametrize(
    ("tags", "exclude", "expected", "nested"),
    [
        (None, None, ["browse", "browse", "buy", "untagged", "Section"], ["archive", "leave"]),
        ({"read"}, None, ["browse", "browse", "Section"], ["archive"]),
        ({"write"}, None, ["buy"], []),
        (None, {"slow"}, ["browse", "browse", "untagged", "Section"], ["leave"]),
        ({"read"}, {"slow"}, ["browse", "browse"], []),
    ],
)
def test_filter(tags, exclude, expected, nested):
    made = shopper()
    filter_tasks_by_tags(made, tags, exclude)
    assert names(made) == expected
    assert names(made.Section) == nested


def test_a_class_that_keeps_no_task_is_warned_about(caplog):
    made = shopper()
    filter_tasks_by_tags(made, {"nothing"})
    assert made.tasks == []
    assert "Shopper had no tasks left after filtering" in caplog.text
    assert "Section had no tasks left after filtering" in caplog.text


def test_a_tagged_taskset_tags_all_its_tasks_nested_ones_too():
    @tag("all")
    class Outer(TaskSet):
        @task
        class Inner(TaskSet):
            @tag("own")
            @task
            def deep(self):
                pass

        @task
        def flat(self):
            pass

    assert Outer.flat.locust_tag_set == {"all"}
    assert Outer.Inner.deep.locust_tag_set == {"all", "own"}


def test_tags_may_be_stacked():
    @tag("a")
    @tag("b", "c")
    def function(user):
        pass

    assert function.locust_tag_set == {"a", "b", "c"}


def test_without_a_tag_it_is_an_error():
    with pytest.raises(ValueError, match="No tag name"):
        tag()
    with pytest.raises(ValueError, match="No tag name"):

        @tag
        def function(user):
            pass

"""What a pod that cannot run leaves for those who watch it: one sentence."""

from __future__ import annotations

import pytest

from katydid.cli.pod import LAST_WORDS_BYTES, last_words
from katydid.errors import LocustfileError


def test_an_error_of_ours_is_its_sentence(tmp_path):
    log = tmp_path / "termination-log"
    log.touch()
    with pytest.raises(LocustfileError), last_words(log):
        raise LocustfileError("locustfile.py cannot be imported.")
    assert log.read_text() == "locustfile.py cannot be imported."


def test_any_other_error_is_told_apart_and_cut(tmp_path):
    log = tmp_path / "termination-log"
    log.touch()
    with pytest.raises(ValueError, match="xxx"), last_words(log):
        raise ValueError("x" * 5000)
    text = log.read_text()
    assert text.startswith("Katydid failed: ValueError('xxx")
    assert len(text) == LAST_WORDS_BYTES


def test_nothing_is_written_without_a_log_or_an_error(tmp_path):
    log = tmp_path / "termination-log"
    with pytest.raises(LocustfileError), last_words(log):
        raise LocustfileError("no pod here")
    assert not log.exists()
    log.write_text('{"final": true}')
    with last_words(log):
        pass
    assert log.read_text() == '{"final": true}'

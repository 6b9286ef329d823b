"""A folder that is replaced by several savers is always found whole, and what killed ones left is deleted."""

import contextlib
import sys
import threading

import pytest
from conftest import names_beside

from textrnn.saving import folders


def put(folder, number):
    """Puts a folder in place as a save does: of each, both files hold the same number."""
    with folders.beside(folder) as new:
        for name in ("first", "second"):
            (new / name).write_text(str(number))
        folders.replace(folder, new)


@pytest.mark.slow
@pytest.mark.parametrize("in_one_step", [True, False])
def test_a_thousand_replacements_by_two_savers_never_show_half_a_folder(tmp_path, monkeypatch, in_one_step):
    if not in_one_step:  # as on a system that cannot exchange folders
        monkeypatch.setattr(folders, "exchange", lambda *_: False)
    folder, errors = tmp_path / "m", []
    put(folder, 0)

    def save(start):
        try:
            for number in range(start, 1000, 2):
                put(folder, number)
        except BaseException as error:
            errors.append(error)

    def read():
        first, second = ((folder / name).read_text() for name in ("first", "second"))
        if first != second:
            raise ValueError((first, second))
        return first

    seen, disturbed = set(), 0
    savers = [threading.Thread(target=save, args=[start]) for start in (0, 1)]
    for saver in savers:
        saver.start()
    while any(saver.is_alive() for saver in savers):
        seen.add(folders.undisturbed(folder, read))
        with contextlib.suppress(FileNotFoundError, ValueError):
            read()
            continue
        disturbed += 1
    assert errors == []
    assert len(seen) > 10
    assert disturbed > 0  # a reader who does not look whether it was disturbed gets less than a whole one
    assert read() in ("998", "999")
    assert names_beside(folder) == ["m"]


def test_folders_change_places_in_one_step_where_linux_is(tmp_path):
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux exchanges folders")
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    assert folders.exchange(tmp_path / "one", tmp_path / "other")
    assert (tmp_path / "one" / "other").exists()
    assert (tmp_path / "other" / "one").exists()
    assert not folders.exchange(tmp_path / "one", tmp_path / "none")
    assert names_beside(tmp_path / "one") == ["one", "other"]


def test_the_hidden_folder_of_a_saver_that_lives_stays(tmp_path):
    folder = tmp_path / "m"
    folder.mkdir()
    with folders.beside(folder) as new:
        folders.recover(folder)
        assert new.is_dir()
    left = folder.with_name(f".m{folders.SAVING}of-a-dead-one")
    left.mkdir()
    folders.recover(folder)
    assert names_beside(folder) == ["m"]


def test_a_folder_that_was_set_aside_comes_back_if_nothing_took_its_place(tmp_path):
    folder, aside = tmp_path / "m", tmp_path / ".m.replaced"
    aside.mkdir()
    (aside / "file").write_text("old")
    folders.recover(folder)
    assert (folder / "file").read_text() == "old"
    assert names_beside(folder) == ["m"]


def test_the_hashes_of_a_folder_leave_out_the_card_that_holds_them(tmp_path):
    (tmp_path / "assets.extra").mkdir()
    for name in ("a", "assets.extra/card.json", "assets.extra/labels.txt"):
        (tmp_path / name).write_text("")
    of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert folders.hashes(tmp_path) == {"a": of_nothing, "assets.extra/labels.txt": of_nothing}

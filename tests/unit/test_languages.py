"""Which languages a caller may name."""

import pytest

from ocr_core.errors import BadOption
from ocr_core.languages import Languages

SERVED = Languages.parse("english en, chinese ch zh,")


@pytest.mark.parametrize("asked", ["english", "EN", "en-GB", "en_us", "zh-Hans", "chinese_cht", "ch"])
def test_a_language_is_known_by_its_name_and_its_codes_in_any_region(asked: str) -> None:
    SERVED.check(asked.encode())


@pytest.mark.parametrize("asked", [b"klingon", b"", b"e", b"-en", b"english,chinese", b"\xff"])
def test_another_one_is_refused_with_those_that_there_are(asked: bytes) -> None:
    with pytest.raises(BadOption, match=r"^lang_type is '.*'; this server reads english, chinese$"):
        SERVED.check(asked)


def test_a_long_name_does_not_come_back_whole() -> None:
    with pytest.raises(BadOption) as refused:
        SERVED.check(b"x" * 10_000)
    assert len(str(refused.value)) < 120

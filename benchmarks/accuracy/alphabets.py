"""Which letters languages have, and which of them a recognizer does not know."""

import unicodedata
from collections.abc import Set
from itertools import product

# Letters beyond a to z, those of the languages that PP-OCRv6 documents; capitals follow from them, but for `CAPITALS`.
LISTED = {
    "Afrikaans": "áèéêëîïôöúû",
    "Albanian": "çë",
    "Azerbaijani": "çəğıöşü",
    "Basque": "çñü",
    "Bosnian": "ćčđšž",
    "Catalan": "àçèéíïòóúü",
    "Croatian": "ćčđšž",
    "Czech": "áčďéěíňóřšťúůýž",
    "Danish": "åæéø",
    "Dutch": "áèéëíïóöúü",
    "Estonian": "äõöšüž",
    "Finnish": "äåöšž",
    "French": "àâæçèéêëîïôùûüÿœ",
    "Galician": "áéíïñóúü",
    "German": "äößü",
    "Hungarian": "áéíóöúüőű",
    "Icelandic": "áæéíðóöúýþ",
    "Indonesian": "é",
    "Irish": "áéíóú",
    "Italian": "àèéìîòóù",
    "Kurdish": "çêîşû",
    "Latin": "āæēīōœūȳ",
    "Latvian": "āčēģīķļņšūž",
    "Lithuanian": "ąčėęįšūųž",
    "Luxembourgish": "äéëöü",
    "Malay": "",
    "Maltese": "àċèġħìòùż",
    "Maori": "āēīōū",
    "Norwegian": "àåæéèêòóôø",
    "Occitan": "àáçèéíïòóúü",
    "Polish": "ąćęłńóśźż",
    "Portuguese": "àáâãçéêíóôõúü",
    "Quechua": "ñ",
    "Romanian": "ăâîșț",
    "Romansh": "àèéìîòöùü",
    "Serbian": "ćčđšž",
    "Slovak": "áäčďéíĺľňóôŕšťúýž",
    "Slovenian": "čšž",
    "Spanish": "áéíñóúü",
    "Swahili": "",
    "Swedish": "äåéö",
    "Tagalog": "áàâéèêëíìîñóòôúùû",
    "Turkish": "âçğıîöşûü",
    "Uzbek": "\u02bb\u02bc",
    "Welsh": "àáâäèéêëìíîïòóôöùúûüẁẃŵẅỳýŷÿ",
}
_TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
_VIETNAMESE = (unicodedata.normalize("NFC", "".join(pair)) for pair in product("aăâeêioôơuưy", _TONES))
# Others in Latin and Greek letters.
OTHERS = {
    "Breton": "âêñôùü",
    "Esperanto": "ĉĝĥĵŝŭ",
    "Ewe": "ãáàẽéèĩíìŋõóòũúùɔɖɛƒɣʋ",
    "Faroese": "áæíðóøúý",
    "Greek": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",
    "Guarani": "ãáẽéĩíñõóũúỹý",
    "Hausa": "ɓɗƙƴ",
    "Hawaiian": "āēīōū\u02bb",
    "Igbo": "ịṅọụ",
    "Pinyin": "āáǎàēéěèīíǐìōóǒòūúǔùüǖǘǚǜ",
    "Sami, Northern": "áčđŋšŧž",
    "Scottish Gaelic": "àèìòù",
    "Sorbian": "ćčěłńóřŕśšźž",
    "Turkmen": "äçňöşüýž",
    "Vietnamese": "đ" + "".join(letter for letter in _VIETNAMESE if not letter.isascii()),
    "Yoruba": "àáèéẹìíòóọṣùú",
}
# Capitals that are not the one letter that Unicode's rules without a language give.
CAPITALS = {"German": "ẞ", "Turkish": "İ", "Azerbaijani": "İ"}


def letters(language: str) -> list[str]:
    """A language's letters beyond a to z, each beside its capital.

    >>> letters("Turkish")[-4:]
    ['Û', 'ü', 'Ü', 'İ']
    """
    small = (LISTED | OTHERS)[language]
    both = [case for letter in small for case in (letter, letter.upper())] + list(CAPITALS.get(language, ""))
    return list(dict.fromkeys(case for case in both if len(case) == 1 and not case.isascii()))


def lacking(language: str, characters: Set[str]) -> list[str]:
    """Those of its letters that are not among a recognizer's characters."""
    return [letter for letter in letters(language) if letter not in characters]


def ideographs(codec: str) -> set[str]:
    """The ideographs of an East Asian character set, by the name of Python's codec for it."""
    decoded = (bytes(pair).decode(codec, "ignore") for pair in product(range(0x81, 0xFF), range(0x40, 0xFF)))
    return {text for text in decoded if len(text) == 1 and "\u4e00" <= text <= "\u9fff"}

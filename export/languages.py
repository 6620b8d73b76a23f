"""Which languages recognizers read, as the authors of their weights say; docs/languages.md shows the same.

Vietnamese, which PP-OCRv6 documents, is left out: the networks lack most of its letters with accents.
"""

PPOCRV6_LATIN = (
    "Afrikaans, Albanian, Azerbaijani, Basque, Bosnian, Catalan, Croatian, Czech, Danish, Dutch, Estonian, "
    "Finnish, French, Galician, German, Hungarian, Icelandic, Indonesian, Irish, Italian, Kurdish, Latin, "
    "Latvian, Lithuanian, Luxembourgish, Malay, Maltese, Maori, Norwegian, Occitan, Polish, Portuguese, "
    "Quechua, Romanian, Romansh, Serbian, Slovak, Slovenian, Spanish, Swahili, Swedish, Tagalog, Turkish, "
    "Uzbek, Welsh"
)
PPOCRV6_SMALL = f"Chinese, Japanese, English, {PPOCRV6_LATIN}"
PPOCRV6_TINY = f"Chinese, English, {PPOCRV6_LATIN}"
PPOCRV5_MOBILE = "Chinese, Japanese, English"
# The recognizers of one script each, by the names of their choices behind `ppocrv5-`.
PPOCRV5 = {
    "latin": ", ".join(sorted((*PPOCRV6_LATIN.split(", "), "Pali", "Vietnamese"))),
    "cyrillic": (
        "Abkhaz, Adyghe, Avar, Bashkir, Belarusian, Bulgarian, Buryat, Chechen, Chuvash, Dargwa, Ingush, "
        "Kabardian, Kalmyk, Karakalpak, Kazakh, Komi, Kyrgyz, Lak, Lezgian, Macedonian, Mari, Moldovan, "
        "Mongolian, Ossetian, Russian, Sakha, Serbian, Tabasaran, Tajik, Tatar, Tuvan, Udmurt, Ukrainian, "
        "English"
    ),
    "east-slavic": "Russian, Belarusian, Ukrainian, English",
    "korean": "Korean, English",
    "arabic": "Arabic, Balochi, Kurdish, Pashto, Persian, Sindhi, Urdu, Uyghur, English",
    "devanagari": (
        "Angika, Bhojpuri, Bihari, Haryanvi, Hindi, Konkani, Magahi, Maithili, Marathi, Nepali, Newar, "
        "Sanskrit, Santali, English"
    ),
    "thai": "Thai, English",
    "greek": "Greek, English",
    "tamil": "Tamil, English",
    "telugu": "Telugu, English",
}

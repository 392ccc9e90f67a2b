"""Bytes as text: which encoding a file has, and how it would read in another.

A file declares its encoding by a mark at its beginning, by being valid UTF-8, or not at all. In
that case the encodings that can read it are compared by how well the non-ASCII characters fit their
neighbours: `Orléans` read as Shift_JIS has a kanji between Latin letters. Between the encodings of
East Asia charset-normalizer decides.
"""

from __future__ import annotations

import re
import unicodedata
from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from types import MappingProxyType

from charset_normalizer import from_bytes

from core.data.tables import MOST_BYTES, Flaw, TableError


@dataclass(frozen=True)
class Encoding:
    """An encoding: its key in links, Python's name for it, its name.

    east: whether it is an East Asian one, with two bytes per character. guessed: whether files in
    it do not declare it.
    """

    key: str
    codec: str
    name: str
    east: bool = False

    @property
    def guessed(self) -> bool:
        return self.key not in SIGNED


ENCODINGS = MappingProxyType(
    {
        encoding.key: encoding
        for encoding in [
            Encoding("utf-8", "utf-8-sig", "UTF-8"),
            Encoding("utf-16", "utf-16", "UTF-16"),
            Encoding("shift_jis", "cp932", "Shift_JIS", east=True),
            Encoding("euc-jp", "euc_jp", "EUC-JP", east=True),
            Encoding("iso-2022-jp", "iso2022_jp", "ISO-2022-JP"),
            Encoding("windows-1252", "cp1252", "Windows-1252 / Latin-1"),
            Encoding("windows-1250", "cp1250", "Windows-1250"),
            Encoding("windows-1251", "cp1251", "Windows-1251"),
            Encoding("mac-roman", "mac_roman", "Mac Roman"),
            Encoding("gb18030", "gb18030", "GB18030", east=True),
            Encoding("big5", "big5", "Big5", east=True),
            Encoding("euc-kr", "euc_kr", "EUC-KR", east=True),
        ]
    }
)
MARKS = (b"\xff\xfe", b"\xfe\xff")
"""The beginning of most files in UTF-16."""
SIGNED = frozenset(("utf-8", "utf-16", "iso-2022-jp"))
"""Encodings that can be recognized from the file itself."""
GUESSED = (
    "shift_jis", "windows-1252", "euc-jp", "gb18030", "big5", "windows-1251", "windows-1250",
    "mac-roman",
)  # fmt: skip
"""Encodings that leave no trace in a file, the likelier ones of our readers first. Korean is for
the reader to choose: what EUC-KR makes of Japanese cannot be told from Korean."""
CLOSE = 0.05
"""Encodings whose plausibility differs by less are equally plausible."""
MOST_STRANGE = 0.7
"""A text in which more characters than this share fit badly counts as unreadable."""
FOREIGN = re.compile(r"[^\x00-\x7f]+")
WORD = re.compile(r"[^\s,;|\"]+")
SEEN = 20_000
"""Bytes of a file that are searched for words to show."""
SAMPLE = 400
"""How many words are examined to tell encodings apart."""


def decoded(raw: bytes, encoding: str = "auto") -> tuple[str, str]:
    """The text of a file, and the key of the encoding it was read in. Raises TableError."""
    if len(raw) > MOST_BYTES:
        raise TableError(Flaw.TOO_LARGE, limit=MOST_BYTES // 2**20)
    key = detected(raw) if encoding == "auto" else encoding
    if key is None:
        raise TableError(Flaw.ENCODING)
    if b"\0" in raw and key != "utf-16":
        raise TableError(Flaw.BINARY)
    text = attempt(raw, key)
    if text is None:
        raise TableError(Flaw.ENCODING)
    return text, key


def as_read_in(raw: bytes, letters: int) -> dict[str, str]:
    """By key, the encodings that can read the file's beginning, each with the first words that
    are not ASCII."""
    found: dict[str, str] = {}
    for key in ENCODINGS:
        if key == "utf-16" and 0 not in raw[:SEEN]:
            continue
        try:
            text = getincrementaldecoder(codec_of(raw, key))().decode(raw[:SEEN])
        except UnicodeError:
            continue
        words = dict.fromkeys(word for word in WORD.findall(text) if not word.isascii())
        found[key] = " ".join(words)[:letters]
    return found


def codec_of(raw: bytes, key: str) -> str:
    """Python's name for an encoding; UTF-16 without a mark is told by where its zeros are."""
    if key == "utf-16" and not raw.startswith(MARKS):
        return "utf-16-le" if raw[1::2].count(0) >= raw[::2].count(0) else "utf-16-be"
    return ENCODINGS[key].codec


def attempt(raw: bytes, key: str) -> str | None:
    """The text in this encoding, None if it cannot be decoded."""
    try:
        return raw.decode(codec_of(raw, key))
    except UnicodeError:
        return None


def detected(raw: bytes) -> str | None:
    """The key of the likeliest encoding, None if there is none."""
    if raw.startswith(MARKS):
        return "utf-16"
    zeros = raw.count(0)
    if zeros and 0.3 * len(raw) < max(raw[::2].count(0), raw[1::2].count(0)) == zeros:
        return "utf-16"
    if zeros:
        return "utf-8"  # or rather: it is not text at all
    if b"\x1b$" in raw and attempt(raw, "iso-2022-jp") is not None:
        return "iso-2022-jp"
    if attempt(raw, "utf-8") is not None:
        return "utf-8"
    plausible = {}
    for key in GUESSED:
        if (text := attempt(raw, key)) is not None:
            plausible[key] = plausibility(text)
    if "gb18030" in plausible:
        plausible["gb18030"] *= min(1.0, 2 * common_share(raw))
    best = max(plausible.values(), default=0.0)
    if best < 1 - MOST_STRANGE:
        return None
    close = [key for key, share in plausible.items() if share > best - CLOSE]
    east = [key for key in close if ENCODINGS[key].east]
    if close[0] not in east or len(east) == 1:
        return close[0]
    chaos = chaos_of(raw, east)
    return min(east, key=lambda key: (chaos[key], -plausible[key]))


def common_share(raw: bytes) -> float:
    """The share of common characters, if this is Chinese; 0 for nearly all other text.

    GB18030 reads almost any pair of bytes, most of them as rare characters. The common ones, those
    of GB 2312, take two bytes from 0xA1 on.
    """
    characters = [character for character in raw.decode("gb18030") if not character.isascii()]
    common = sum(min(character.encode("gb18030")) >= 0xA1 for character in characters)
    return common / len(characters) if characters else 1.0


def chaos_of(raw: bytes, keys: list[str]) -> dict[str, float]:
    """How chaotic charset-normalizer finds the file in each of these encodings."""
    sample = b"\n".join(islice(foreign_lines(raw), SAMPLE))
    codecs = [ENCODINGS[key].codec for key in keys]
    matches = from_bytes(sample, cp_isolation=codecs, enable_fallback=False)
    found = {match.encoding: round(match.chaos, 2) for match in matches}
    return {key: found.get(codec, 1.0) for key, codec in zip(keys, codecs, strict=True)}


def foreign_lines(raw: bytes) -> Iterator[bytes]:
    return (line for line in raw.splitlines() if not line.isascii())


def plausibility(text: str) -> float:
    """The share of non-ASCII characters that fit their neighbours; 1 if there are none."""
    words = {word for word in re.split(r"[\s,;|\"]+", text) if not word.isascii()}
    well = everything = 0.0
    for word in sorted(words)[:SAMPLE]:
        for match in FOREIGN.finditer(word):
            before, after = word[: match.start()][-1:], word[match.end() :][:1]
            everything += len(match[0])
            well += len(match[0]) * sits_well(match[0], before, after)
    return well / everything if everything else 1.0


def sits_well(run: str, before: str, after: str) -> float:
    """How well non-ASCII characters fit between these two, "" at an end: from 0 to 1."""
    beside = before.isalpha() + after.isalpha()
    scripts = {script_of(character) for character in run}
    if scripts == {"sign"}:
        few = len(run) <= 2 or set(run) <= WIDE_FORMS
        return float(few and set(run) <= SIGNS and (beside < 2 or set(run) <= APOSTROPHES))
    match scripts - {"sign"}:
        case s if s == {"latin"}:
            return latin_sits_well(before, run, after)
        case s if s == {"half"}:
            return 0.0 if beside else half_width_sits_well(run)
        case s if s in ({"east"}, {"hangul"}):
            return (1.0, 0.7, 0.0)[beside]
        case s if s == {"east", "half"}:
            return 0.5 if not beside else 0.0
        case s if s == {"cyrillic"}:
            return 0.0 if beside else 0.5 if len(run) == 1 else 1.0
    return 0.0


def latin_sits_well(before: str, run: str, after: str) -> float:
    """Accented letters come next to letters, and no capital follows a small letter."""
    if len(run) > 3 or (before + after and not (before + after).strip(ASCII_SIGNS)):
        return 0.0
    word = before + run + after
    for one, two in pairwise(word):
        if one.islower() and two.isupper():
            return 0.0
    inner = run if before.isalpha() and after.isalpha() else run.strip("".join(SIGNS))
    if not inner.isalpha():
        return 0.0
    return 1.0 if before.isalpha() or after.isalpha() or len(run) > 1 else 0.5


def half_width_sits_well(run: str) -> float:
    """Katakana of half width begin with one that begins words. A single one is as likely a sign of
    Western Europe: £ is the byte of a closing bracket, ± that of an `a`."""
    if not BEGINS_WORDS[0] <= run[0] <= BEGINS_WORDS[1]:
        return 0.5
    return 0.97 if len(run) > 1 else 0.4


def script_of(character: str) -> str:
    """The coarse kind of a non-ASCII character."""
    code = ord(character)
    if unicodedata.category(character) in ("Cc", "Cn", "Co", "Cs"):
        return "nothing"
    for script, ranges in SCRIPTS.items():
        if any(low <= code <= high for low, high in ranges):
            return script
    return "sign"


SCRIPTS = {
    "half": [(0xFF61, 0xFF9F)],
    "east": [(0x3005, 0x3006), (0x3041, 0x30FF), (0x3400, 0x9FFF), (0xF900, 0xFAFF)],
    "hangul": [(0xAC00, 0xD7A3)],
    "cyrillic": [(0x400, 0x52F)],
    "latin": [(0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x24F)],
}
BEGINS_WORDS = ("\uff71", "\uff9c")
"""The first and the last katakana of half width, marks and small ones left out."""
WIDE_FORMS = frozenset(map(chr, range(0xFF01, 0xFF5F)))
"""ASCII as wide as kanji."""
SIGNS = WIDE_FORMS | frozenset(
    "°²³µ€£¥§±×½¼¾–—‘’“”…™®©ªº№ ①②③④⑤⑥⑦⑧⑨、。・「」℃㎏㎡"
    "○●◎〇△▲▽▼□■◇◆☆★※→←↑↓〜−αβγδεζηθικλμνξοπρστυφχψωΓΔΘΛΞΠΣΦΨΩ"
)
"""Signs that people write in tables."""
APOSTROPHES = frozenset("’‘–—µ")
ASCII_SIGNS = "^~\\[]{}|@`<>=$#&*+!?"
"""What is never next to an accented letter: in East Asia these are second bytes."""

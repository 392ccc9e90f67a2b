"""Rebuild the fonts in `static/fonts`: the Japanese glyphs that the texts need, and no more.

Run `make font` when a text has a new character. It needs Noto Sans CJK JP to be installed
(SIL Open Font License 1.1; the licence is beside the fonts).
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.transformPen import TransformPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont

ROOT = Path(__file__).parent.parent
FONTS = ROOT / "static" / "fonts"
FAMILY, SOURCE = "Noto Sans JP Lesson", "Noto Sans CJK JP"
WEIGHTS = {"Regular": 400, "Bold": 700}
KANA = range(0x3041, 0x3100)
PLAIN = "0123456789−n"
RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻ⁿ", PLAIN, strict=True))
LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉₋ₙ", PLAIN, strict=True))
SMALL, UP, DOWN = 0.6, 350, -130
"""The size of small digits, and their offset above and below the line, in 1000ths."""
ERROR = 0.8
"""How far a curve may be from the original, in 1000ths of the font's size."""


def characters() -> set[str]:
    """All that a page in Japanese may show: its texts, the names of the core, kana and ASCII."""
    files = [*ROOT.glob("pages/texts/ja/*.toml"), *ROOT.glob("pages/**/*.py")]
    files += ROOT.glob("core/**/*.py")
    text = "".join(path.read_text("utf-8") for path in files)
    shown = {character for character in text if character.isprintable()}
    return shown | set(map(chr, KANA)) | set(map(chr, range(32, 127))) | {*RAISED, *LOWERED}


def installed(style: str) -> TTFont:
    """The installed font of this style."""
    found = subprocess.run(
        ["fc-match", "--format", "%{file}", f"{SOURCE}:style={style}"],
        capture_output=True,
        text=True,
        check=True,
    )
    fonts = TTCollection(found.stdout).fonts
    return next(font for font in fonts if font["name"].getDebugName(1) == SOURCE)


def made(source: TTFont, wanted: set[str], style: str) -> TTFont:
    """A font of the glyphs of these characters alone, under our own name.

    The small digits are drawn from the large ones, so that the font has all of them.
    """
    names, glyphs, drawn = source.getBestCmap(), source.getGlyphSet(), {}
    metrics, characters = {}, {}
    for character in [None, *sorted(wanted)]:
        large = RAISED.get(character) or LOWERED.get(character)
        origin = ".notdef" if character is None else names.get(ord(large or character))
        if origin is None:
            continue
        pen = TTGlyphPen(None)
        size = SMALL if large else 1
        rise = 0 if not large else UP if character in RAISED else DOWN
        curves = Cu2QuPen(pen, ERROR, reverse_direction=True)
        glyphs[origin].draw(TransformPen(curves, (size, 0, 0, size, 0, rise)))
        name = ".notdef" if character is None else f"u{ord(character):04X}"
        drawn[name], glyph = pen.glyph(), glyphs[origin]
        metrics[name] = (round(size * glyph.width), 0)
        if character is not None:
            characters[ord(character)] = name
    builder = FontBuilder(source["head"].unitsPerEm, isTTF=True)
    builder.setupGlyphOrder(list(drawn))
    builder.setupCharacterMap(characters)
    builder.setupGlyf(drawn)
    metrics = {
        name: (width, drawn[name].xMin if drawn[name].numberOfContours else 0)
        for name, (width, _) in metrics.items()
    }
    builder.setupHorizontalMetrics(metrics)
    heights = {"ascent": source["hhea"].ascent, "descent": source["hhea"].descent}
    builder.setupHorizontalHeader(**heights)
    builder.setupNameTable(
        {
            "copyright": source["name"].getDebugName(0),
            "familyName": FAMILY,
            "styleName": style,
            "uniqueFontIdentifier": f"{FAMILY} {style}",
            "fullName": f"{FAMILY} {style}",
            "psName": f"{FAMILY.replace(' ', '')}-{style}",
            "licenseDescription": source["name"].getDebugName(13),
            "licenseInfoURL": source["name"].getDebugName(14),
        }
    )
    old = source["OS/2"]
    builder.setupOS2(
        usWeightClass=WEIGHTS[style],
        sTypoAscender=old.sTypoAscender,
        sTypoDescender=old.sTypoDescender,
        sTypoLineGap=old.sTypoLineGap,
        usWinAscent=old.usWinAscent,
        usWinDescent=old.usWinDescent,
    )
    builder.setupPost(keepGlyphNames=False)
    return builder.font


def main() -> None:
    wanted = characters()
    FONTS.mkdir(parents=True, exist_ok=True)
    for style in WEIGHTS:
        font = made(installed(style), wanted, style)
        if style == "Regular":
            font.save(FONTS / "lesson-regular.ttf")  # for exported pictures
        font.flavor = "woff2"
        font.save(FONTS / f"lesson-{style.lower()}.woff2")
    missing = sorted(c for c in wanted if ord(c) not in font.getBestCmap())
    print(f"{len(wanted)} characters; {SOURCE} has none for: {' '.join(missing) or '–'}")


if __name__ == "__main__":
    main()

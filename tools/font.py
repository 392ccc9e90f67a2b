"""Make the fonts in `static/fonts` anew: the Japanese glyphs that the texts need, and no more.

Run `make font` after a text has got a new character. It needs Noto Sans CJK JP to be installed
(SIL Open Font License 1.1; the licence stands beside the fonts).
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection, TTFont

ROOT = Path(__file__).parent.parent
FONTS = ROOT / "static" / "fonts"
FAMILY, SOURCE = "Noto Sans JP Lesson", "Noto Sans CJK JP"
KANA = range(0x3040, 0x3100)


def characters() -> set[str]:
    """All that a page in Japanese may show: its texts, the names of the core, kana and ASCII."""
    files = [*ROOT.glob("pages/texts/ja/*.toml"), *ROOT.glob("pages/**/*.py")]
    files += ROOT.glob("core/**/*.py")
    text = "".join(path.read_text("utf-8") for path in files)
    return (
        {c for c in text if c.isprintable()} | set(map(chr, KANA)) | set(map(chr, range(32, 127)))
    )


def installed(style: str) -> TTFont:
    """The installed font of this style."""
    pattern = f"{SOURCE}:style={style}"
    found = subprocess.run(
        ["fc-match", "--format", "%{file}", pattern], capture_output=True, text=True, check=True
    )
    fonts = TTCollection(found.stdout).fonts
    font: TTFont = next(font for font in fonts if font["name"].getDebugName(1) == SOURCE)
    return font


def subset(font: TTFont, wanted: set[str], style: str) -> TTFont:
    """The glyphs of these characters alone, under a name of our own."""
    options = Options(layout_features=[], hinting=False, name_IDs=[0, 1, 2, 3, 4, 6, 13, 14])
    options.drop_tables += ["vhea", "vmtx", "VORG", "BASE", "DSIG"]
    subsetter = Subsetter(options)
    subsetter.populate(text="".join(sorted(wanted)))
    subsetter.subset(font)
    for record in font["name"].names:
        own = {1: FAMILY, 3: f"{FAMILY} {style}", 4: f"{FAMILY} {style}", 16: FAMILY}
        own[6] = f"{FAMILY.replace(' ', '')}-{style}"
        record.string = own.get(record.nameID, record.toUnicode())
    return font


def main() -> None:
    wanted = characters()
    FONTS.mkdir(parents=True, exist_ok=True)
    for style in ("Regular", "Bold"):
        font = subset(installed(style), wanted, style)
        font.flavor = "woff2"
        font.save(FONTS / f"lesson-{style.lower()}.woff2")
    missing = sorted(c for c in wanted if ord(c) not in font.getBestCmap())
    print(f"{len(wanted)} characters; in no glyph of {SOURCE}: {' '.join(missing) or 'none'}")


if __name__ == "__main__":
    main()

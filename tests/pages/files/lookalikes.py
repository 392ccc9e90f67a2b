"""Small files in the manner of well-known collections and of what programs write; all made up."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

Maker = Callable[[random.Random, int], str]
"""Makes the cell of a row from random numbers and the row's place."""


@dataclass(frozen=True)
class Case:
    """A file, and how it is understood.

    answer, inputs: names of columns. classes: of the answer, () for a number. rows: samples that
    are learnt from. skipped: what the rows are called that hold no sample, the header apart.
    """

    content: str | bytes
    answer: str
    inputs: Sequence[str]
    classes: Sequence[str] = ()
    rows: int = 40
    skipped: Sequence[str] = ()
    header: bool = True
    missing: str = "leave"
    left: dict[str, str] = field(default_factory=dict)


def lines(*parts: str | Iterable[str], end: str = "\n") -> str:
    """One line of each string, and of each in an iterable."""
    every = [[part] if isinstance(part, str) else part for part in parts]
    return end.join(line for part in every for line in part) + end


def rows(row: Maker, count: int = 40) -> list[str]:
    """This many rows, each made with random numbers that never change."""
    draw = random.Random(0)
    return [row(draw, k) for k in range(count)]


def real(draw: random.Random, low: float = 0.0, high: float = 10.0, digits: int = 2) -> str:
    return f"{draw.uniform(low, high):.{digits}f}"


def columns(separator: str, *makers: Maker, count: int = 40) -> list[str]:
    return rows(lambda draw, k: separator.join(make(draw, k) for make in makers), count)


def some(*words: str) -> Maker:
    """These words in turn, so that all are there."""
    return lambda draw, k: words[(k * 7 + k // 5) % len(words)]


def anything(*words: str) -> Maker:
    return lambda draw, k: draw.choice(words)


def between(low: float, high: float, digits: int = 2) -> Maker:
    return lambda draw, k: real(draw, low, high, digits)


def whole(low: int, high: int) -> Maker:
    return lambda draw, k: str(draw.randint(low, high))


def holes(make: Maker, mark: str, every: int) -> Maker:
    """Every so often a cell that says nothing."""
    return lambda draw, k: mark if k % every == every - 1 else make(draw, k)


def number(draw: random.Random, k: int) -> str:
    return str(k + 1)


PASSENGERS = Case(
    lines(
        "PassengerId,Survived,Pclass,Name,Sex,Age,SibSp,Ticket,Fare,Cabin,Embarked",
        columns(
            ",",
            number,
            some("0", "1"),
            some("1", "2", "3"),
            lambda draw, k: f'"Doe{k}, Mr. John ""J"""',
            some("male", "female", "female"),
            holes(between(1, 70, 0), "", 8),
            whole(0, 3),
            lambda draw, k: f"A/5 {21000 + k}",
            between(5, 90, 4),
            holes(lambda draw, k: "" if k % 3 else f"C{k}", "", 2),
            some("S", "C", "Q"),
        ),
    ),
    "Survived",
    (
        "Pclass",
        "Sex = male",
        "Age",
        "SibSp",
        "Fare",
        "Embarked = C",
        "Embarked = Q",
        "Embarked = S",
    ),
    ("0", "1"),
    rows=35,
    left={"PassengerId": "row_numbers", "Name": "many_words", "Ticket": "many_words"},
)
WINE = Case(
    lines(
        '"fixed acidity";"residual sugar";"pH";"alcohol";"quality"',
        columns(
            ";",
            between(5, 12, 1),
            between(1, 9),
            between(3, 4),
            between(8, 13, 1),
            some("5", "6", "7", "4"),
        ),
    ),
    "quality",
    ("fixed acidity", "residual sugar", "pH", "alcohol"),
    ("4", "5", "6", "7"),
)
CARS = Case(
    lines(
        rows(
            lambda draw, k: (
                f"{real(draw, 10, 40, 1):<7}{draw.choice('468')}   "
                f"{'?' if k % 9 == 4 else real(draw, 60, 200, 1):<11}{draw.randint(2000, 4500)}.  "
                f"    {real(draw, 9, 20, 1):<5}  {70 + k // 7}  {(k * 5 + k // 4) % 3 + 1}"
                f'\t"maker model {k}"'
            )
        )
    ),
    "#7",
    ("#1", "#2", "#3", "#4", "#5", "#6"),
    ("1", "2", "3"),
    rows=36,
    header=False,
    left={"#8": "many_words"},
)
TUMOURS = Case(
    lines(
        "id,diagnosis,radius,texture,area,",
        columns(
            ",",
            lambda draw, k: str(842302 + 97 * k),
            some("M", "B", "B"),
            between(8, 25),
            between(10, 30),
            lambda draw, k: real(draw, 200, 1500, 1) + ",",
        ),
    ),
    "diagnosis",
    ("radius", "texture", "area"),
    ("B", "M"),
    left={"id": "identifiers"},
)
UNNAMED_TUMOURS = Case(
    lines(
        columns(
            ",",
            lambda draw, k: str(842302 + 97 * k),
            some("M", "B", "B"),
            between(8, 25),
            between(10, 30),
        )
    ),
    "#2",
    ("#3", "#4"),
    ("B", "M"),
    header=False,
    left={"#1": "identifiers"},
)
CYTOLOGY = Case(
    lines(
        columns(
            ",",
            lambda draw, k: str(1000025 + 311 * (k % 38)),
            whole(1, 10),
            holes(whole(1, 10), "?", 10),
            some("2", "4"),
        )
    ),
    "#4",
    ("#2", "#3"),
    ("2", "4"),
    rows=36,
    header=False,
    left={"#1": "identifiers"},
)
INCOMES = Case(
    lines(
        "|1x3 Cross validator",
        columns(
            ", ",
            whole(17, 80),
            holes(some("Private", "State-gov", "Self-emp-inc"), "?", 10),
            whole(12285, 700000),
            anything("Husband", "Wife", "Unmarried"),
            some("Male", "Female"),
            whole(20, 60),
            some("<=50K.", ">50K.", "<=50K."),
        ),
    ),
    "#7",
    (
        "#1",
        "#2 = Private",
        "#2 = Self-emp-inc",
        "#2 = State-gov",
        "#3",
        "#4 = Husband",
        "#4 = Unmarried",
        "#4 = Wife",
        "#5 = Male",
        "#6",
    ),
    ("<=50K.", ">50K."),
    rows=36,
    skipped=("above",),
    header=False,
)
PENGUINS = Case(
    lines(
        "species,island,bill_mm,mass_g,sex,year",
        columns(
            ",",
            some("Adelie", "Chinstrap", "Gentoo"),
            anything("Biscoe", "Dream"),
            holes(between(33, 58, 1), "NA", 20),
            holes(whole(2700, 6200), "NA", 20),
            holes(anything("male", "female"), "NA", 10),
            some("2007", "2008", "2009"),
        ),
    ),
    "species",
    ("island = Dream", "bill_mm", "mass_g", "sex = male", "year"),
    ("Adelie", "Chinstrap", "Gentoo"),
    rows=36,
)
SHELLS = Case(
    lines(
        columns(
            ",",
            some("M", "F", "I"),
            between(0, 1, 3),
            between(0, 1, 3),
            between(0, 2, 4),
            lambda draw, k: str(4 + k % 15),
        )
    ),
    "#1",
    ("#2", "#3", "#4", "#5"),
    ("F", "I", "M"),
    header=False,
)
HOUSES = Case(
    lines(
        rows(
            lambda draw, k: (
                f" {real(draw, 0, 1, 5)}  {18.0 if k % 3 else 0.0:6.2f}  {real(draw, 2, 19, 3):>6}"
                f"  {k % 2}  {real(draw, 4, 8, 4)}  {real(draw, 12, 22)}  {real(draw, 10, 50)}"
            )
        )
    ),
    "#7",
    ("#1", "#2", "#3", "#4", "#5", "#6"),
    header=False,
)
ECHOES = Case(
    lines(
        rows(
            lambda draw, k: ",".join(f"{draw.random():.4f}" for _ in range(60)) + "," + "RM"[k % 2]
        )
    ),
    "#61",
    tuple(f"#{k}" for k in range(1, 61)),
    ("M", "R"),
    header=False,
)
HEARTS = Case(
    lines(
        "age,sex,chol,thalach,ca,thal,num",
        columns(
            ",",
            between(29, 77, 1),
            some("1.0", "0.0"),
            between(120, 400, 1),
            between(90, 200, 1),
            holes(some("0.0", "1.0", "2.0"), "?", 10),
            some("3.0", "6.0", "7.0"),
            some("0", "1", "2", "3", "4"),
        ),
    ),
    "num",
    ("age", "sex", "chol", "thalach", "ca", "thal"),
    ("0", "1", "2", "3", "4"),
    rows=36,
)
SEEDS = Case(
    lines(
        columns(
            "\t",
            between(10, 20),
            lambda draw, k: real(draw) + "\t" * (k % 6 == 2),
            between(4, 7, 3),
            some("1", "2", "3"),
        )
    ),
    "#4",
    ("#1", "#2", "#3"),
    ("1", "2", "3"),
    header=False,
)
MUSHROOMS = Case(
    lines(
        "class,cap-shape,odor,habitat",
        columns(",", some("e", "p"), anything(*"xbf"), anything(*"anf"), anything(*"dgu")),
    ),
    "class",
    (
        *(f"cap-shape = {w}" for w in "bfx"),
        *(f"odor = {w}" for w in "afn"),
        *(f"habitat = {w}" for w in "dgu"),
    ),
    ("e", "p"),
)
SCALES = Case(
    lines(columns(",", some("B", "L", "R"), *[anything(*"12345")] * 4)),
    "#1",
    ("#2", "#3", "#4", "#5"),
    ("B", "L", "R"),
    header=False,
)
CREDIT = Case(
    lines(
        columns(
            ",",
            some("b", "a"),
            between(15, 70),
            holes(between(0, 20), "?", 10),
            some("+", "-", "+"),
        )
    ),
    "#4",
    ("#1 = b", "#2", "#3"),
    ("+", "-"),
    rows=36,
    header=False,
)
BILLS = Case(
    lines(
        "age,sex,bmi,smoker,region,charges",
        columns(
            ",",
            whole(18, 64),
            some("male", "female"),
            between(18, 40),
            anything("yes", "no"),
            anything("north", "south", "west"),
            between(1100, 60000, 3),
        ),
    ),
    "charges",
    (
        "age",
        "sex = male",
        "bmi",
        "smoker = yes",
        "region = north",
        "region = south",
        "region = west",
    ),
)
SLEEPERS = Case(
    lines(
        "Person ID,Age,Stress,Sleep Disorder",
        columns(",", number, whole(20, 60), whole(3, 8), some("None", "Insomnia", "Apnea")),
    ),
    "Sleep Disorder",
    ("Age", "Stress"),
    ("Apnea", "Insomnia", "None"),
    left={"Person ID": "row_numbers"},
)

COLLECTIONS = {
    "passengers": PASSENGERS,
    "wine": WINE,
    "cars": CARS,
    "tumours": TUMOURS,
    "tumours without names": UNNAMED_TUMOURS,
    "cytology": CYTOLOGY,
    "incomes": INCOMES,
    "penguins": PENGUINS,
    "shells": SHELLS,
    "houses": HOUSES,
    "echoes": ECHOES,
    "hearts": HEARTS,
    "seeds": SEEDS,
    "mushrooms": MUSHROOMS,
    "scales": SCALES,
    "credit": CREDIT,
    "bills": BILLS,
    "sleepers": SLEEPERS,
}

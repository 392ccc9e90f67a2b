"""Every page as a value. To add one: its `Room` here, its script, its body, its texts.

Navigation, links, the story, the page for teachers and the tests take their lists from `ROOMS`.
Data only: specs and presets. The bodies in `pages.ui.rooms` import it, never the reverse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from core.data.datasets import DATASETS, Task, View
from core.data.tables import Columns
from core.domain import Choice, Spec, choice, flag, several, whole
from core.lessons.digits import READER, READERS
from core.lessons.folding import Folder
from core.lessons.svm import SvmSpec
from core.registry import registry
from core.runs.lanes import Lanes
from core.runs.presets import PRESETS
from core.runs.training import RunSpec
from core.studies.catalogue import STUDIES
from core.sweep.grid import Sweeping
from core.sweep.presets import NORMALIZED
from core.sweep.presets import PRESETS as SWEEPS
from pages import texts
from pages.files.reading import Reading
from pages.files.recordings import digest_of, example
from pages.texts.scenes import ORDER
from pages.ui.room import Room, SideBySide, Uses
from pages.ui.settings import (
    ByHand,
    Curves,
    Digits,
    OneLine,
    Pair,
    Propagating,
    Reader,
    Reproducing,
    Slopes,
    Stage,
    Telling,
    ToldFolds,
    ToldLayers,
    ToldLine,
    ToldPrice,
    ToldSince,
    ToldWalk,
    Watching,
)

CLOSER = "closer"
"""The section of the pages that look closer."""
RUN = (
    "activation", "depth", "rate", "width", "initializer", "gain", "norm", "skip",
    "optimizer", "batch", "epochs", "seed",
)  # fmt: skip
"""The settings of a run that several pages leave to a class."""

STORY = Room[tuple[Telling, ToldLine, ToldFolds, ToldLayers, ToldWalk, ToldPrice, ToldSince]](
    name="story",
    icon=":material/auto_stories:",
    home=True,
    parts=(
        Uses(Telling()),
        Uses(ToldLine()),
        Uses(ToldFolds()),
        Uses(ToldLayers()),
        Uses(ToldWalk()),
        Uses(ToldPrice()),
        Uses(ToldSince()),
    ),
)


# Activations: a question is about which functions are drawn, and leaves their knobs alone

FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    "three": ("sigmoid", "tanh", "relu"),
    "s_curves": ("sigmoid", "tanh", "softsign", "arctan", "erf", "lecun_tanh"),
    "relus": ("relu", "leaky_relu", "prelu", "elu"),
    "smooth": ("relu", "softplus", "elu", "gelu", "silu", "mish"),
    "hard": ("sigmoid", "hard_sigmoid", "tanh", "hard_tanh", "silu", "hardswish"),
    "falling": ("gelu", "silu", "mish", "gaussian", "sine"),
    "thresholds": ("step", "sigmoid"),
}

ACTIVATIONS = Room[tuple[Curves, RunSpec]](
    name="activations",
    icon=":material/show_chart:",
    parts=(Uses(Curves()), Uses(RunSpec(), ("knobs",))),
    presets={key: (Curves(shown), RunSpec()) for key, shown in FUNCTIONS.items()},
    visible=4,
    moved=("knobs",),
    kept=("knobs",),
)


# Derivatives: the settings of a run that decide an untrained network and its data

UNTRAINED = (
    "activation", "knobs", "gain", "depth", "width", "precision",
    "dataset", "noise", "samples", "data_seed", "seed",
)  # fmt: skip
HE = ("xavier", "he")

DERIVATIVES = Room[tuple[Slopes, RunSpec]](
    name="derivatives",
    icon=":material/trending_up:",
    parts=(Uses(Slopes()), Uses(RunSpec(), UNTRAINED)),
    presets={
        "sigmoid": (Slopes(("sigmoid",)), RunSpec()),
        "tanh": (Slopes(("sigmoid", "tanh")), RunSpec(activation="tanh")),
        "relu": (Slopes(("relu",), HE), RunSpec(activation="relu")),
        "three": (Slopes(), RunSpec()),
        "twenty": (Slopes(("tanh", "relu"), HE), RunSpec(activation="relu", depth=20, width=64)),
    },
    controls=("activation", "depth", "width", "weights", "gain", "dataset", "seed"),
)


# Signal propagation: no data and no training, only the initial weights and biases

PROPAGATION = Room[tuple[Propagating, RunSpec]](
    name="propagation",
    icon=":material/waves:",
    section=CLOSER,
    parts=(Uses(Propagating()), Uses(RunSpec(), ("knobs",))),
    presets={
        "tanh": (Propagating(), RunSpec()),
        "edge": (Propagating(signal_weights=1.76, signal_biases=0.05), RunSpec()),
        "chaos": (Propagating(signal_weights=4.0, signal_biases=0.05), RunSpec()),
        "sigmoid": (Propagating("sigmoid"), RunSpec()),
        "xavier": (Propagating("relu"), RunSpec()),
        "he": (Propagating("relu", 2.0), RunSpec()),
        "pytorch": (Propagating("tanh", 25 / 9), RunSpec()),
        "selu": (Propagating("selu"), RunSpec()),
        "gelu": (Propagating("gelu", 2.0), RunSpec()),
    },
    visible=4,
    moved=("knobs", "signal_depth", "signal_width"),
    kept=("knobs",),
    controls=tuple(Propagating.domains()),
)


# Sweeps: a question is about the networks and what varies, not about what is looked at

SWEEP = Room[tuple[Sweeping, Lanes]](
    name="sweep",
    icon=":material/grid_on:",
    section=CLOSER,
    parts=(Uses(Sweeping()), SideBySide(NORMALIZED)),
    presets=SWEEPS,
    moved=("sweep_y", "sweep_layer", "sweep_at"),
    controls=(
        "sweep_x", "sweep_low", "sweep_high", "sweep_points", "sweep_seeds", "sweep_y",
        *RUN, "dataset", "samples",
    ),
)  # fmt: skip


# The gallery: a question is a classic result, whatever its random start

GALLERY = Room[tuple[Reproducing]](
    name="gallery",
    icon=":material/collections_bookmark:",
    section=CLOSER,
    parts=(Uses(Reproducing()),),
    presets={key: (Reproducing(key),) for key in STUDIES},
    visible=0,
    moved=("study_seed",),
    controls=("study_seed",),
)


OWN = (Uses(Columns(), needs="file"), Uses(Reading(), quiet=True))
"""A visitor's own data."""


OWN_PLANE = (*OWN, Uses(Pair(), quiet=True))
"""The same, with the part of it that a page of the plane draws."""
NO_OWN = (Columns(), Reading(), Pair())
KEPT_OWN = (*Columns.domains(), *Reading.domains(), *Pair.domains())
"""Used where a question brings its own points and leaves a visitor's file to other pages."""


# Training: a question is about the networks and their data, not about what is drawn of them

TRAINING = Room[tuple[Stage, Lanes, Columns, Reading]](
    name="training",
    icon=":material/model_training:",
    parts=(Uses(Stage()), SideBySide(PRESETS["race"]), *OWN),
    presets={key: (Stage(), lanes, Columns(), Reading()) for key, lanes in PRESETS.items()},
    visible=0,
    moved=tuple(Stage.domains()),
    kept=tuple(Stage.domains()),
    controls=(*RUN, "clip", "warmup", "dataset", "samples", "noise", "replicas", "lanes"),
)


# Digits: the same question whatever has been drawn

READ = (
    "activation", "knobs", "initializer", "gain", "depth", "width", "norm", "skip",
    "optimizer", "constants", "rate", "batch", "epochs", "seed", "data_seed",
)  # fmt: skip
COMPARED = ("sigmoid",)
"""Questions that ask for a comparison."""

DIGITS = Room[tuple[Digits, RunSpec]](
    name="digits",
    icon=":material/draw:",
    section=CLOSER,
    parts=(Uses(Digits()), Uses(READER, READ)),
    presets={key: (Digits(beside=key in COMPARED), run) for key, run in READERS.items()},
    visible=4,
    moved=("drawing", "unit"),
    kept=("drawing",),
    controls=(*RUN, "beside"),
)


# Perceptron

RULE = OneLine(line_part="line_rule")
FOLD = OneLine(line_part="line_fold", line_points="xor_corners")

PERCEPTRON = Room[tuple[OneLine, Folder, Columns, Reading, Pair]](
    name="perceptron",
    icon=":material/linear_scale:",
    section=CLOSER,
    parts=(Uses(OneLine()), Uses(Folder()), *OWN_PLANE),
    presets={
        "groups": (OneLine(), Folder(), *NO_OWN),
        "corners": (OneLine(line_points="xor_corners", line_turn=90), Folder(), *NO_OWN),
        "many": (
            OneLine(line_points="quadrants", line_follow=True, line_turn=90),
            Folder(),
            *NO_OWN,
        ),
        "learns": (replace(RULE, line_points="and_corners"), Folder(), *NO_OWN),
        "never": (replace(RULE, line_points="xor_corners"), Folder(), *NO_OWN),
        "fold": (FOLD, Folder(), *NO_OWN),
        "trained": (
            replace(FOLD, line_points="quadrants"),
            Folder(fold_origin="trained", fold_bend="tanh", fold_units=4, fold_seed=3),
            *NO_OWN,
        ),
    },
    moved=("line_turn", "line_shift", "fold_way", *KEPT_OWN),
    kept=KEPT_OWN,
    controls=("line_points", "line_count", "line_seed", "line_follow", "line_best"),
)


# Support vector machine: the same question wherever the network starts

TWO_CLASSES = MappingProxyType(
    {
        key: dataset
        for key, dataset in DATASETS.items()
        if dataset.view is View.PLANE and dataset.task is Task.BINARY
    }
)
"""The data sets that both methods can learn and the page can draw."""
BESIDE = (
    "dataset", "noise", "samples", "data_seed",
    "activation", "knobs", "initializer", "gain", "depth", "width", "norm", "skip",
    "optimizer", "constants", "rate", "batch", "epochs", "seed",
)  # fmt: skip
NOISY = RunSpec(dataset="moons", noise=0.2, activation="tanh")

SVM = Room[tuple[SvmSpec, RunSpec, Columns, Reading, Pair]](
    name="svm",
    icon=":material/compare:",
    section=CLOSER,
    parts=(
        Uses(SvmSpec()),
        Uses(RunSpec(), BESIDE, only={"dataset": Choice(TWO_CLASSES)}),
        *OWN_PLANE,
    ),
    presets={
        "xor": (SvmSpec(), RunSpec(), *NO_OWN),
        "mended": (SvmSpec(), RunSpec(activation="tanh"), *NO_OWN),
        "flat": (SvmSpec(svm_gamma=0.01), RunSpec(), *NO_OWN),
        "narrow": (SvmSpec(svm_gamma=1000.0), RunSpec(), *NO_OWN),
        "soft": (SvmSpec(svm_gamma=10.0, svm_c=0.1), NOISY, *NO_OWN),
        "hard": (SvmSpec(svm_gamma=10.0, svm_c=100.0), NOISY, *NO_OWN),
        "spiral": (
            SvmSpec(svm_gamma=30.0),
            RunSpec(dataset="spiral", activation="relu", initializer="he", width=16),
            *NO_OWN,
        ),
    },
    visible=4,
    moved=("seed",),
    controls=("dataset", "noise", "samples", "svm_gamma", "svm_c", *RUN),
)


# By hand

ONE_SAMPLE = ("activation", "knobs", "initializer", "gain", "rate", "seed")
LARGE = ByHand(
    hand_part="hand_chain",
    chain_x=0.5,
    chain_w1=6.9, chain_w2=6.9, chain_w3=6.9, chain_w4=6.9,
    chain_b1=-3.45, chain_b2=-3.45, chain_b3=-3.45, chain_b4=-3.45,
)  # fmt: skip
"""Nielsen's exercise: the weights whose interval is widest, and biases that put z at 0."""

BYHAND = Room[tuple[ByHand, RunSpec]](
    name="byhand",
    icon=":material/edit_note:",
    section=CLOSER,
    parts=(Uses(ByHand()), Uses(RunSpec(), ONE_SAMPLE)),
    presets={
        "forward": (ByHand(), RunSpec()),
        "deep": (ByHand(hand_layers=3), RunSpec(rate=1.0)),
        "relu": (ByHand(hand_layers=2), RunSpec(activation="relu", initializer="he", rate=1.0)),
        "chain": (ByHand(hand_part="hand_chain"), RunSpec()),
        "large": (LARGE, RunSpec()),
        "sheet": (ByHand(hand_part="hand_sheet"), RunSpec()),
    },
    controls=("activation", "hand_x1", "hand_x2", "hand_target", "hand_layers", "hand_units"),
)


# One's own training: the questions are the recordings that are shipped

TEN_CLASSES = 2.3026
"""The loss of guessing one of ten digits: ln 10."""

OWN_TRAINING = Room[tuple[Watching]](
    name="own",
    icon=":material/monitor_heart:",
    section=CLOSER,
    parts=(Uses(Watching()),),
    presets={
        "deep_sigmoid": (Watching(),),
        "dying_relu": (Watching("dying_relu"),),
        "exploding_rnn": (Watching("exploding_rnn"),),
        "plain_stack": (Watching("plain_stack", own_guess=TEN_CLASSES),),
        "residual_stack": (Watching("residual_stack", own_guess=TEN_CLASSES),),
        "post_norm": (Watching("post_norm", own_guess=TEN_CLASSES),),
        "pre_norm": (
            Watching(
                "pre_norm",
                own_before=digest_of(example("post_norm")),
                own_guess=TEN_CLASSES,
            ),
        ),
    },
    moved=("own_before",),
)


# For the class: what the pages above offer

TAUGHT: tuple[Room[Any], ...] = (
    STORY, ACTIVATIONS, DERIVATIVES, TRAINING, DIGITS, PERCEPTRON, SVM, BYHAND, PROPAGATION,
    OWN_TRAINING, SWEEP,
    GALLERY,
)  # fmt: skip
"""The pages a link for a class can lead to."""
TAUGHT_SPECS: tuple[type[Spec], ...] = tuple(
    dict.fromkeys((Reader, *(part.spec for room in TAUGHT for part in room.parts)))
)
CONTROLS = dict.fromkeys(
    ("all", "none", "questions", *(name for spec in TAUGHT_SPECS for name in spec.domains()))
)
"""What a link can leave to the class: everything, nothing, the questions, or these settings."""
PLACES = dict.fromkeys(
    (
        *("cover", *(f"scene{number}" for number in range(1, len(ORDER) + 1))),
        *(room.name for room in TAUGHT if room is not STORY),
    )
)
"""Where a link for the class can lead: a scene of the story, or a page."""
CLASS_PARTS = dict.fromkeys(
    ("class_links", "class_live", "class_plan", "class_sheet", "class_offline")
)
"""What the page for teachers shows."""


@dataclass(frozen=True)
class Presenting(Spec):
    """How every page is shown: for a projector, with notes or without, which controls it has."""

    present: bool = flag(False)
    notes: bool = flag(False)
    show: tuple[str, ...] = several(("all",), CONTROLS, most=8)


@dataclass(frozen=True)
class Classroom(Spec):
    """The page for teachers: what is shown, and the link that is being made.

    link_state: 0 as it opens, 1 as the teacher left it, from 2 on the page's questions.
    """

    class_part: str = choice("class_links", CLASS_PARTS)
    class_minutes: int = whole(50, low=50, high=90, steps=(50, 90))
    class_answers: bool = flag(False)
    link_to: str = choice("scene1", PLACES)
    link_state: int = whole(0, low=0, high=20)
    link_show: tuple[str, ...] = several(("all",), CONTROLS, most=8)
    link_language: str = choice("any", dict.fromkeys(("any", *texts.LANGUAGES)))
    link_mode: str = choice("plain", dict.fromkeys(("plain", "present", "notes", "embed")))


CLASSROOM = Room[tuple[Classroom]](
    name="classroom",
    icon=":material/school:",
    section=CLOSER,
    parts=(Uses(Classroom()),),
)

ROOMS: Mapping[str, Room[Any]] = registry(*TAUGHT, CLASSROOM)
"""Every page by name, in the order in which the navigation lists them."""
SPECS: tuple[type[Spec], ...] = (*TAUGHT_SPECS, Presenting, Classroom)
"""Every kind of setting that a link may hold."""

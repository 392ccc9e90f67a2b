"""The settings of the pages themselves, besides those of a run."""

from __future__ import annotations

from dataclasses import dataclass

from core.data.tables import MOST_CLASSES, MOST_COLUMNS
from core.domain import Spec, choice, fingerprint, flag, given, levels, places, real, several, whole
from core.lessons.perceptron import POINT_SETS
from core.lessons.walkthrough import KEYS, MOST_LAYERS, MOST_UNITS
from core.nn.initializers import INITIALIZERS
from core.nn.own import function, functions
from core.runs.lanes import MOST_LANES
from core.studies.catalogue import STUDIES
from pages import texts
from pages.charts.measures import MEASURES
from pages.files.recordings import DIGITS, examples
from pages.texts.scenes import ORDER

MOST_CURVES = 8
INSTRUMENTS = dict.fromkeys(
    (
        *("none", "factors", "sums", "units", "seeds", "why", "remedies", "causes", "ladder"),
        *("compare", "flow"),
    )
)
"""What the laboratory can show below the stage."""


HAND_PARTS = dict.fromkeys(("hand_steps", "hand_chain", "hand_sheet"))
"""What the page of one sample shows."""
MOST_GIVEN = 10.0
"""The largest weight, by absolute value, that can be typed there."""


OWN_POINTS = "own_points"
"""In place of a set of points: two columns of the visitor's own data."""
LINE_PARTS = dict.fromkeys(("line_hand", "line_rule", "line_fold"))
"""What the page of the perceptron shows."""


VARIANCES = (
    *(0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.76, 2.0, 2.5),
    *(3.0, 4.0, 6.0, 10.0, 16.0, 100.0),
)
"""The variances that the page of signal propagation offers."""
MOST_STUDY_SEED = 9999
"""The last of a study's random starts."""


@dataclass(frozen=True)
class Reader(Spec):
    """The reader."""

    language: str = choice("en", texts.LANGUAGES)


@dataclass(frozen=True)
class Curves(Spec):
    """The page of activation functions: which ones are drawn."""

    shown: tuple[str, ...] = functions(("sigmoid", "tanh", "relu"), most=MOST_CURVES)


@dataclass(frozen=True)
class Slopes(Spec):
    """The page of derivatives: which are drawn, and through whose weights the error walks back."""

    slopes: tuple[str, ...] = functions(("sigmoid", "tanh", "relu"), most=MOST_CURVES)
    weights: tuple[str, ...] = several(("xavier", "normal"), INITIALIZERS, most=3)


@dataclass(frozen=True)
class Propagating(Spec):
    """The page of signal propagation: the two variances, and the networks that are measured.

    signal_weights: sigma_w^2, the variance of a weight times the fan-in. signal_biases: sigma_b^2.
    """

    signal_activation: str = function("tanh")
    signal_weights: float = real(1.0, low=0.01, high=100.0, steps=VARIANCES)
    signal_biases: float = real(0.0, low=0.0, high=10.0, steps=(0.0, *VARIANCES[:10]))
    signal_depth: int = whole(20, low=1, high=100, steps=(5, 10, 20, 30, 50, 100))
    signal_width: int = whole(100, low=5, high=500, steps=(10, 30, 100, 300))


@dataclass(frozen=True)
class Watching(Spec):
    """The page of one's own training: the recording, and the loss of guessing.

    own_example: one that is shipped. own_recording: the fingerprint of the visitor's own, "" for
    the example. own_before: that of another one to be drawn faintly beside it, "" for none.
    own_guess: 0 where it is not known.
    """

    own_example: str = choice("deep_sigmoid", dict.fromkeys(examples()))
    own_recording: str = fingerprint(digits=DIGITS)
    own_before: str = fingerprint(digits=DIGITS)
    own_guess: float = real(0.0, low=0.0, high=1e6)


@dataclass(frozen=True)
class Reproducing(Spec):
    """The gallery: which result is computed anew, and from which random start."""

    study: str = choice("recurrent", STUDIES)
    study_seed: int = whole(0, low=0, high=MOST_STUDY_SEED)


AUTO = "auto"
VIEWS = dict.fromkeys(("charts", "compare", "network"))
"""How the training page shows its networks; by itself it decides by the width of the window."""
FLOWS = dict.fromkeys(("forwards", "backwards"))
"""What the picture of a network shows: its weights, or the error on its way back."""


@dataclass(frozen=True)
class Stage(Spec):
    """The training page: how many lanes, what is drawn of every layer, and the laboratory.

    view: charts of each network, of all in one, or the networks themselves. flow: what the
    network's lines and rings show. tool: the instrument below the stage. unit_...: the unit that
    it marks, 0 for none.
    a_..., b_...: the two moments that are compared.
    """

    lanes: int = whole(1, low=1, high=MOST_LANES)
    view: str = choice(AUTO, dict.fromkeys((AUTO, *VIEWS)))
    flow: str = choice("backwards", FLOWS)
    measure: str = choice("delta", MEASURES)
    linear: bool = flag(False)
    tool: str = choice("none", INSTRUMENTS)
    unit_layer: int = whole(0, low=0, high=50)
    unit_number: int = whole(0, low=0, high=256)
    a_lane: int = whole(1, low=1, high=MOST_LANES)
    a_epoch: int = whole(0, low=0, high=10_000)
    b_lane: int = whole(1, low=1, high=MOST_LANES)
    b_epoch: int = whole(10_000, low=0, high=10_000)


@dataclass(frozen=True)
class Pair(Spec):
    """What pages of the plane take from a visitor's own data.

    pair: the indices of two columns, () for the likeliest. against: of more than two classes, the
    one that is told apart from all others.
    """

    pair: tuple[int, ...] = places(high=MOST_COLUMNS, most=2)
    against: int = whole(1, low=1, high=MOST_CLASSES)


@dataclass(frozen=True)
class ByHand(Spec):
    """The page of one sample: the sample, the small network and its numbers, the chain.

    part: what is shown. given: weights and biases that were typed in place of random ones.
    """

    hand_part: str = choice("hand_steps", HAND_PARTS)
    hand_layers: int = whole(1, low=1, high=MOST_LAYERS)
    hand_units: int = whole(2, low=1, high=MOST_UNITS)
    hand_x1: float = real(1.0, low=-10.0, high=10.0)
    hand_x2: float = real(0.5, low=-10.0, high=10.0)
    hand_target: int = whole(1, low=0, high=1)
    hand_digits: int = whole(4, low=2, high=8)
    hand_given: tuple[tuple[str, float], ...] = given(KEYS, low=-MOST_GIVEN, high=MOST_GIVEN)
    chain_x: float = real(1.0, low=-10.0, high=10.0)
    chain_target: int = whole(0, low=0, high=1)
    chain_w1: float = real(1.0, low=-50.0, high=50.0)
    chain_w2: float = real(1.0, low=-50.0, high=50.0)
    chain_w3: float = real(1.0, low=-50.0, high=50.0)
    chain_w4: float = real(1.0, low=-50.0, high=50.0)
    chain_b1: float = real(0.0, low=-50.0, high=50.0)
    chain_b2: float = real(0.0, low=-50.0, high=50.0)
    chain_b3: float = real(0.0, low=-50.0, high=50.0)
    chain_b4: float = real(0.0, low=-50.0, high=50.0)


DRAWN = tuple(
    16 * (pixel == "#")
    for pixel in "..####...##..##......##....###.......##......##..##..##...####.."
)
"""A 3, as a hand would draw it: what the page of digits opens with."""


@dataclass(frozen=True)
class Digits(Spec):
    """The page of digits: what the visitor has drawn, and which unit of layer 1 is shown enlarged.

    drawing: 64 pixels from 0 to 16. unit: 1 for the unit with the largest weights. beside: whether
    the same network is trained with the three classic activations.
    """

    drawing: tuple[int, ...] = levels(DRAWN, high=16)
    unit: int = whole(1, low=1, high=32)
    beside: bool = flag(False)


@dataclass(frozen=True)
class OneLine(Spec):
    """The page of the perceptron: what is shown, the points, the line moved by hand, the fold.

    line_turn: angle of the line's normal in degrees. line_shift: distance of the line from the
    plane's centre. line_follow: whether it slides to the best place by itself. line_best: whether
    a best line is shown. fold_way: per cent of the way into the hidden layer.
    """

    line_part: str = choice("line_hand", LINE_PARTS)
    line_points: str = choice("apart", dict.fromkeys((*POINT_SETS, OWN_POINTS)))
    line_count: int = whole(300, low=4, high=300, steps=(20, 60, 100, 200, 300))
    line_seed: int = whole(0, low=0, high=9999)
    line_turn: int = whole(140, low=0, high=359)
    line_shift: float = real(0.0, low=-1.5, high=1.5)
    line_follow: bool = flag(False)
    line_best: bool = flag(False)
    fold_way: int = whole(100, low=0, high=100)


NOT_YET, SEEN = "none", "seen"
GUESSES = dict.fromkeys((NOT_YET, "a", "b", "c", SEEN))
BELIEFS = dict.fromkeys((NOT_YET, "true", "half", "false", SEEN))
WEIGHTS = {key: INITIALIZERS[key] for key in ("xavier", "normal")}


@dataclass(frozen=True)
class Telling(Spec):
    """The story: the scene, 0 for the cover, and the reader's answers in it.

    guess: how its run will end. belief, belief_also: whether its myths are true. NOT_YET: nothing
    has been answered so far, SEEN: the reader chose to see without answering.
    """

    scene: int = whole(0, low=0, high=len(ORDER))
    guess: str = choice(NOT_YET, GUESSES)
    belief: str = choice(NOT_YET, BELIEFS)
    belief_also: str = choice(NOT_YET, BELIEFS)


@dataclass(frozen=True)
class ToldLine(Spec):
    """The scene of one line: the angle at which it was let go."""

    told_turn: int = whole(90, low=0, high=359)


@dataclass(frozen=True)
class ToldFolds(Spec):
    """The scene of one hidden layer: its units."""

    told_units: int = whole(8, low=1, high=8)


@dataclass(frozen=True)
class ToldLayers(Spec):
    """The scene of more layers: the network that is shown enlarged, by its hidden layers."""

    told_layers: int = whole(5, low=1, high=6)


@dataclass(frozen=True)
class ToldWalk(Spec):
    """The scene of the walk back: the initial weights."""

    told_weights: str = choice("normal", WEIGHTS)


REMEDIES_SINCE = dict.fromkeys(("none", "tanh", "relu_he", "batch_norm", "skip"))
"""What came later, by the key of `core.lessons.remedies`; none for the network as it was."""


@dataclass(frozen=True)
class ToldPrice(Spec):
    """The scene of dead units: the learning rate."""

    told_rate: float = real(0.1, low=0.01, high=3.0, steps=(0.1, 0.5, 1.0, 2.0))


@dataclass(frozen=True)
class ToldSince(Spec):
    """The scene of the support vector machine: the network's start, and the remedy for it."""

    told_start: int = whole(0, low=0, high=9999)
    told_remedy: str = choice("none", REMEDIES_SINCE)

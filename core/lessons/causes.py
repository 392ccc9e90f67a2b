"""Two tests of cause: was it the error signal that was missing?

Freezing the first layers shows whether they made a difference; amplifying each layer's gradient
shows whether more of it would have. Neither alone is proof, so both are run, over several
seeds, with another activation as the control.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from core.runs.recording import History
from core.runs.training import RunSpec

LEARNT = 0.9
STILL = 0.1
"""Layer 1 counts as unmoved below this share of its size, in the median over the seeds."""
CONTROL = "tanh"


def variants(run: RunSpec, seeds: int) -> MappingProxyType[str, RunSpec]:
    """The run as it is, with its first layers frozen, and with its gradients amplified."""
    plain = replace(run, replicas=seeds, frozen=0, amplify=False)
    half = max(1, run.depth // 2)
    return MappingProxyType(
        {
            "plain": plain,
            "frozen": replace(plain, frozen=min(half, run.depth)),
            "amplified": replace(plain, amplify=True),
        }
    )


@dataclass(frozen=True)
class Finding:
    """What several seeds of one variant show.

    share: rms delta_1 / rms delta_out before training; moved: how far layer 1 moved; both medians.
    """

    learnt: int
    seeds: int
    share: float
    moved: float
    loss: float


def finding(history: History) -> Finding:
    """Count and measure the seeds of one recorded variant; those that diverged have not learnt."""
    valid = np.isfinite(history.train_loss[-1])
    moved = history.moved[-1, valid, 0]
    return Finding(
        learnt=int((history.train_accuracy[-1] > LEARNT).sum()),
        seeds=history.train_loss.shape[1],
        share=float(np.median(history.share[0])),
        moved=float(np.median(moved)) if len(moved) else float("nan"),
        loss=float(np.median(history.train_loss[-1, valid])) if valid.any() else float("nan"),
    )


def signal_was_missing(found: dict[str, Finding]) -> bool:
    """Whether layer 1 did not move, freezing changes nothing, and with amplification most learn."""
    plain, frozen, amplified = found["plain"], found["frozen"], found["amplified"]
    return (
        plain.moved < STILL
        and 2 * plain.learnt < plain.seeds
        and 2 * frozen.learnt < frozen.seeds
        and 2 * amplified.learnt > amplified.seeds
    )

"""All studies, by the year of their publication."""

from __future__ import annotations

from core.registry import registry
from core.studies import (
    batchnorm,
    centring,
    dying,
    edge,
    glorot,
    linear,
    rectifiers,
    recurrent,
    residual,
    selfnormal,
    shattered,
    speeds,
)

STUDIES = registry(
    recurrent.STUDY,
    centring.STUDY,
    glorot.STUDY,
    linear.STUDY,
    rectifiers.STUDY,
    batchnorm.STUDY,
    speeds.STUDY,
    residual.STUDY,
    selfnormal.STUDY,
    edge.STUDY,
    shattered.STUDY,
    dying.STUDY,
)

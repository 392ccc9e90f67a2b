"""All studies, by the year of their publication."""

from __future__ import annotations

from core.registry import registry
from core.studies import (
    batchnorm,
    centring,
    dying,
    edge,
    he,
    linear,
    recurrent,
    residual,
    selu,
    shattered,
    speeds,
    xavier,
)

STUDIES = registry(
    recurrent.STUDY,
    centring.STUDY,
    xavier.STUDY,
    linear.STUDY,
    he.STUDY,
    batchnorm.STUDY,
    speeds.STUDY,
    residual.STUDY,
    selu.STUDY,
    edge.STUDY,
    shattered.STUDY,
    dying.STUDY,
)

"""The network itself at several moments, against what training measured of the same network."""

from dataclasses import replace

import numpy as np
import pytest

from core.lessons import anatomy as module
from core.lessons.anatomy import CELLS, anatomy, moments_kept, samples_measured
from core.runs.cost import MOMENT_BYTES, kept_frames, kept_moments
from core.runs.recording import Recording
from core.runs.training import RunSpec, Trainer

RUNS = [
    RunSpec(activation="sigmoid", depth=4, width=5, samples=120, epochs=12),
    RunSpec(activation="tanh", depth=3, norm="batch", samples=90, epochs=9),
    RunSpec(activation="relu", depth=3, norm="layer", skip=0.5, samples=90, epochs=9),
    RunSpec(activation="elu", dataset="iris", depth=2, epochs=6),
    RunSpec(activation="tanh", dataset="regression", depth=0, samples=80, epochs=6),
    RunSpec(activation="relu", optimizer="adam", rate=0.01, precision="float32", epochs=5),
]


def recorded(run):
    record = Recording(run)
    record.advance()
    return record


@pytest.fixture(scope="module", params=RUNS, ids=lambda run: f"{run.activation}-{run.dataset}")
def case(request):
    record = recorded(request.param)
    return record, anatomy(record.run, moments_kept(record.frames, record.run))


def test_the_error_of_every_layer_is_the_one_that_training_recorded(case):
    record, found = case
    rows = np.searchsorted(record.history.epoch, found.epoch)
    np.testing.assert_allclose(found.layers, record.history.delta[rows, 0], rtol=2e-3)


def test_the_errors_of_the_units_make_up_that_of_their_layer(case):
    _, found = case
    for layer, delta in enumerate(found.delta):
        together = np.sqrt(np.square(delta).mean(axis=1))
        np.testing.assert_allclose(together, found.layers[:, layer], rtol=1e-12)


def test_weights_and_gradients_have_the_norms_that_training_recorded(case):
    record, found = case
    rows = np.searchsorted(record.history.epoch, found.epoch)
    for layer in range(len(found.weights)):
        for values, name in ((found.weights, "weight_norm"), (found.gradients, "gradient_norm")):
            size = np.sqrt(np.square(values[layer]).sum(axis=(1, 2)))
            theirs = getattr(record.history, name)[rows, 0, layer]
            np.testing.assert_allclose(size, theirs, rtol=5e-3, atol=1e-9)


def test_an_update_is_the_change_that_the_last_step_made(case):
    record, found = case
    rows = np.searchsorted(record.history.epoch, found.epoch[1:])
    for layer, update in enumerate(found.updates):
        size = np.sqrt(np.square(update[1:]).sum(axis=(1, 2)))
        before = np.sqrt(np.square(found.weights[layer][1:] - update[1:]).sum(axis=(1, 2)))
        theirs = record.history.relative_update[rows, 0, layer]
        np.testing.assert_allclose(size / before, theirs, rtol=5e-3)
        assert (update[0] == 0).all()  # nothing has been changed before the first step


def test_the_loss_is_that_of_the_recording():
    record = recorded(RUNS[0])
    found = anatomy(record.run, moments_kept(record.frames, record.run))
    rows = np.searchsorted(record.history.epoch, found.epoch)
    np.testing.assert_allclose(found.loss, record.history.train_loss[rows, 0], rtol=1e-5)


def test_a_units_picture_shows_its_activation_over_the_plane():
    record = recorded(RUNS[0])
    found = anatomy(record.run, moments_kept(record.frames, record.run))
    assert found.answers[0].shape == (len(found.epoch), 5, CELLS**2)
    w, b = (
        record.final.network.parameters.weights[0][0],
        record.final.network.parameters.biases[0][0, 0],
    )
    cell = 2 * record.run.source.reach / CELLS
    corner = np.array([-1, 1]) * (record.run.source.reach - cell / 2)
    expected = 1 / (1 + np.exp(-(corner @ w + b)))
    np.testing.assert_allclose(found.answers[0][-1, :, 0], expected, rtol=1e-5)


def test_where_there_is_no_plane_a_unit_shows_its_mean():
    record = recorded(RUNS[3])
    found = anatomy(record.run, moments_kept(record.frames, record.run))
    for answers, mean in zip(found.answers, found.a, strict=True):
        np.testing.assert_array_equal(answers[..., 0], mean)


def test_a_relu_unit_that_is_never_active_is_dead_and_receives_no_error():
    run = RunSpec(activation="relu", depth=2, width=4, rate=5.0, samples=120, epochs=30)
    record = recorded(run)
    found = anatomy(run, moments_kept(record.frames, run))
    dead = np.concatenate(found.dead[:-1], axis=1)
    delta = np.concatenate(found.delta[:-1], axis=1)
    assert dead[-1].any()
    assert (delta[dead] == 0).all()


def test_networks_are_kept_within_their_bytes_and_the_first_and_the_last_always():
    for width in (1, 8, 64, 256):
        run = RunSpec(width=width, depth=20, epochs=400)
        kept = kept_moments(run)
        assert kept <= kept_frames(run)
        assert {0, 400} <= kept
        assert len(kept) == 2 or len(kept) * 8 * run.parameters <= MOMENT_BYTES


@pytest.mark.parametrize("norm", ["none", "batch"])
def test_a_runs_number_of_parameters_is_that_of_its_networks(norm):
    run = RunSpec(depth=3, width=7, norm=norm)
    assert Trainer(run).network.parameters.theta.shape == (1, run.parameters)


def test_a_large_network_is_measured_on_fewer_samples_and_at_fewer_moments(monkeypatch):
    run = replace(RUNS[0], epochs=40)
    record = recorded(run)
    monkeypatch.setattr(module, "OPERATIONS", 6 * run.parameters * 70)
    assert samples_measured(run) == 70
    monkeypatch.setattr(module, "ALL_OPERATIONS", 6 * run.parameters * 70 * 5)
    kept = moments_kept(record.frames, run)
    assert [kept[0].epoch, kept[-1].epoch] == [0, 40]
    assert len(kept) == 5
    assert len(anatomy(run, kept).epoch) == 5

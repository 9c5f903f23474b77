"""The backend contract, run against every backend; and what the factory offers."""

import contextlib

import pytest

from core.audio.prepared import write_prepared
from core.backends import TARGETS, backend_for
from core.backends.local import LocalBackend
from core.errors import NotAvailableYetError, UsageError
from core.render.encoder_options import Resources
from tests.contracts.backend_contract import HEIGHT, WIDTH, BackendContract, sound_for
from tests.core.render.moving_pattern import MovingPattern


@contextlib.contextmanager
def pattern_source(plan, features, on_tile):
    yield MovingPattern(WIDTH, HEIGHT)


@contextlib.contextmanager
def graphics_card_source(plan, features, on_tile):
    yield MovingPattern(WIDTH, HEIGHT, is_software=False)


class TestLocalBackend(BackendContract):
    frames = staticmethod(pattern_source)

    def make_backend(self):
        return LocalBackend(
            frames=self.frames, measure=lambda: Resources(cores=2, memory_bytes=2**31)
        )

    def write_inputs(self, root, plan):
        if not (root / "prepared.flac").exists():
            sound = sound_for(plan)
            blocks = sound.blocks(0, sound.n_samples, 1 << 16)
            write_prepared(blocks, root / "prepared.flac", sample_rate_hz=48_000, channels=2)


class TestLocalBackendOnGraphicsCard(TestLocalBackend):
    frames = staticmethod(graphics_card_source)


def test_every_target_is_offered_or_refused_in_words():
    for target in TARGETS:
        if target == "local":
            assert backend_for(target)
            continue
        with pytest.raises(NotAvailableYetError) as caught:
            backend_for(target)
        assert caught.value.hint


def test_unknown_target_is_a_usage_error():
    with pytest.raises(UsageError, match="moon"):
        backend_for("moon")

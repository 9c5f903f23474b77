"""What is heard, sample for sample, through an output that the test drives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audio.playback import wishes as to
from core.audio.playback.deck import FADE_S
from core.audio.playback.line import IDLE_S, POLL_S, SILENT, STALL_S
from core.audio.playback.model import PlayState, next_rate
from core.errors import MediaError, UsageError
from tests.core.audio.playback_fakes import RATE, ArraySound, Bench, noise, ramp, sine

FADE = round(FADE_S * RATE)
PLAYING, PAUSED, STOPPED = PlayState.PLAYING, PlayState.PAUSED, PlayState.STOPPED


def playing_bench(sound, start=0, **given):
    bench = Bench(**given)
    put(bench, sound)
    play(bench, start)
    return bench


def put(bench, sound, *, keep=True):
    position = bench.transport.position() if keep else None
    bench.wishes.change(lambda wish: to.with_sound(wish, sound, position))


def play(bench, start=None):
    position = bench.transport.position()
    bench.wishes.change(lambda wish: to.playing(wish, start, position))


def do(bench, step, *arguments):
    bench.wishes.change(lambda wish: step(wish, *arguments))


def seek(bench, sample):
    bench.wishes.change(lambda wish: wish.jumped(sample))


def index_of(block):
    """Return which samples of a ramp were heard."""
    return np.round(block[0] * 2**20).astype(int)


def test_from_the_top_every_sample_is_heard_as_it_is():
    sound = noise(20_000)
    bench = playing_bench(sound)
    heard = bench.pull_all(21_000)
    np.testing.assert_array_equal(heard[:, :20_000], sound.samples)
    assert not heard[:, 20_000:].any()
    assert bench.transport.underruns == 0


def test_at_the_end_it_rests_there_and_play_starts_over():
    bench = playing_bench(ramp(5_000))
    bench.pull_all(6_000)
    bench.settle()
    assert bench.wishes.now().state is PAUSED
    assert bench.states == [PAUSED]
    assert bench.transport.position() == 5_000
    play(bench)
    bench.settle()
    assert index_of(bench.pull(1_000))[-1] == 999


def test_a_pause_keeps_the_sample_and_fades_without_a_click():
    sound = sine(200, RATE)
    bench = playing_bench(sound)
    bench.pull_all(9_600)
    do(bench, to.paused)
    fading = bench.pull_all(1_440)
    assert not fading[:, FADE:].any()
    assert np.abs(np.diff(fading[0])).max() < 0.5 * 2 * np.pi * 200 / RATE * 1.1 + 1 / FADE
    bench.settle()
    assert not bench.output.is_running
    assert bench.transport.position() == 9_600 + FADE
    play(bench)
    resumed = bench.pull_all(4_800)
    rest = sound.samples[:, 9_600 + 2 * FADE : 9_600 + FADE + 4_800]
    np.testing.assert_array_equal(resumed[:, FADE:], np.tile(rest, (2, 1)))


def test_stop_returns_to_where_playing_began():
    bench = playing_bench(ramp(RATE), start=7_000)
    bench.pull_all(4_800)
    do(bench, to.stopped)
    bench.pull_all(960)
    assert bench.transport.position() == 7_000
    assert bench.wishes.now().state is STOPPED


def test_a_loop_has_no_gap_and_reports_its_place():
    bench = Bench()
    put(bench, ramp(RATE))
    do(bench, to.looped, (10_000, 12_345))
    play(bench, 9_000)
    heard = index_of(bench.pull_all(40_000))
    lead = np.arange(9_000, 12_345)
    rounds = np.tile(np.arange(10_000, 12_345), 20)
    expected = np.concatenate([lead, rounds])[:40_000]
    np.testing.assert_array_equal(heard[FADE:], expected[FADE:])
    assert 10_000 <= bench.transport.position() <= 12_345


def test_a_loop_left_while_playing_goes_on_past_its_end():
    bench = Bench()
    put(bench, ramp(RATE))
    do(bench, to.looped, (0, 9_600))
    play(bench, 0)
    bench.pull_all(4_800)
    do(bench, to.looped, None)
    heard = index_of(bench.pull_all(9_600))
    np.testing.assert_array_equal(heard, np.arange(4_800, 14_400))


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_after_any_edits_what_is_heard_is_the_sound_at_its_place(data):
    """Random seeks, swaps and loops: outside the crossfades every sample is exact."""
    n = 60_000
    sounds = [noise(n, seed=seed) for seed in range(3)]
    bench = playing_bench(sounds[0])
    at, loop, sound = 0, None, sounds[0]
    for _ in range(data.draw(st.integers(1, 8))):
        frames = data.draw(st.integers(400, 3_000))
        command = data.draw(st.sampled_from(["seek", "swap", "loop", "unloop", "none"]))
        if command == "seek":
            at = data.draw(st.integers(0, n - 4_000))
            seek(bench, at)
        elif command == "swap":
            sound = data.draw(st.sampled_from(sounds))
            put(bench, sound)
        elif command == "loop":
            first = data.draw(st.integers(0, n - 4_000))
            loop = (first, first + data.draw(st.integers(480, 4_000)))
            do(bench, to.looped, loop)
        elif command == "unloop":
            loop = None
            do(bench, to.looped, None)
        heard = bench.pull(frames)
        expected = [at]
        while len(expected) <= frames:
            following = expected[-1] + 1
            expected.append(loop[0] if loop and following == loop[1] else following)
        where = np.minimum(expected[:frames], n - 1)
        real = np.array(expected[:frames]) < n
        exact = slice(0 if command == "none" else FADE, None)
        wanted = sound.samples[:, where] * real
        np.testing.assert_array_equal(heard[:, exact], wanted[:, exact])
        at = expected[frames]
        if at >= n - 3_000:
            seek(bench, 0)
            bench.pull(FADE)
            at = FADE
    assert bench.transport.underruns == 0


def test_a_swap_of_the_same_sound_cannot_be_heard():
    sound = sine(440, RATE)
    bench = playing_bench(sound)
    bench.pull_all(4_800)
    put(bench, sine(440, RATE))
    heard = bench.pull_all(4_800)
    np.testing.assert_allclose(heard[0], sound.samples[0, 4_800:9_600], atol=1e-7)


def test_a_late_swap_still_meets_the_sample():
    """The card goes on while the new tape is made: what it played meanwhile is left out."""
    bench = playing_bench(ramp(RATE))
    bench.pull_all(4_800)
    put(bench, ramp(RATE))
    bench.transport.step()
    parts = [bench.output.pull(480) for _ in range(5)]
    bench.clock.now += 0.05
    parts.append(bench.pull_all(9_600))
    heard = index_of(np.concatenate(parts, axis=1))
    np.testing.assert_array_equal(heard, np.arange(4_800, 4_800 + 2_400 + 9_600))


@pytest.mark.parametrize("change", ["seek", "swap", "rate", "loop"])
def test_no_change_clicks(change):
    """A slow sine makes small steps; a change may add only the slope of its crossfade."""
    bench = playing_bench(sine(100, 2 * RATE))
    bench.pull_all(4_810)
    if change == "seek":
        seek(bench, 30_123)
    elif change == "swap":
        put(bench, sine(133, 2 * RATE))
    elif change == "rate":
        do(bench, to.at_rate, -1.0, bench.transport.position())
    else:
        do(bench, to.looped, (0, 4_000))
        bench.pull_all(960)
        seek(bench, 100)
    heard = bench.pull_all(2_400)
    slope = 0.5 * 2 * np.pi * 133 / RATE
    assert np.abs(np.diff(heard[0])).max() <= slope + 1 / FADE


def test_reads_are_in_order_and_of_one_size():
    sound = ramp(50_000)
    bench = playing_bench(sound, start=1_234)
    bench.pull_all(45_000)
    starts = [start for start, _ in sound.reads]
    sizes = {stop - start for start, stop in sound.reads[:-1]}
    assert starts == list(range(1_234, 50_000, 4_096))
    assert sizes == {4_096}


def test_the_position_is_what_is_heard_not_what_was_written():
    bench = playing_bench(ramp(10 * RATE))
    for _ in range(100):
        bench.pull(480, delay_s=0.1)
    bench.clock.now += 0.004
    heard_s = bench.transport.position() / RATE
    assert heard_s == pytest.approx(100 * 0.01 + 0.004 - 0.1, abs=1e-4)


def test_the_position_never_runs_backwards_under_jitter():
    bench = playing_bench(ramp(20 * RATE))
    rng = np.random.default_rng(1)
    seen, due = [], bench.clock.now
    for _ in range(300):
        bench.settle()
        late = rng.uniform(0, 0.008)
        bench.clock.now = due + late
        bench.output.pull(480, delay_s=0.1 - rng.uniform(0, 0.002))
        for share in (0.1, 0.5, 0.9):
            bench.clock.now = max(bench.clock.now, due + share * 0.01)
            seen.append(bench.transport.position())
        due += 0.01
    assert (np.diff(seen) >= 0).all()
    elapsed = np.diff(seen)[600:].sum() / RATE
    assert elapsed == pytest.approx(100 * 0.01, rel=0.03)


def test_a_seek_shows_its_target_until_it_is_heard():
    bench = playing_bench(ramp(RATE))
    bench.pull_all(4_800)
    seek(bench, 30_000)
    assert bench.transport.position() == 30_000
    bench.pull(480, delay_s=0.1)
    assert bench.transport.position() == 30_000
    for _ in range(12):
        bench.pull(480, delay_s=0.1)
    assert bench.transport.position() > 30_000


@pytest.mark.parametrize(("rate", "hz"), [(2.0, 880), (4.0, 1760), (-1.0, 440), (-2.0, 880)])
def test_shuttle_plays_faster_and_backwards(rate, hz):
    bench = playing_bench(sine(440, 10 * RATE), start=5 * RATE)
    do(bench, to.at_rate, rate, bench.transport.position())
    bench.pull_all(2_400)
    before = bench.transport.position()
    heard = bench.pull_all(RATE // 2)[0]
    moved = bench.transport.position() - before
    assert moved == pytest.approx(rate * RATE / 2, rel=0.01)
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    assert spectrum.argmax() * 2 == pytest.approx(hz, abs=4)


def test_backwards_at_normal_speed_is_exact():
    bench = playing_bench(ramp(RATE), start=20_000)
    do(bench, to.at_rate, -1.0, 20_000)
    heard = index_of(bench.pull_all(9_600))
    np.testing.assert_array_equal(heard[FADE:], np.arange(19_999, 0, -1)[FADE : len(heard)])
    bench.pull_all(12_000)
    bench.settle()
    assert bench.wishes.now().state is PAUSED
    assert bench.transport.position() == 0


def test_presses_of_the_shuttle_keys_double_up_to_four():
    rates = [0.0]
    for direction in (1, 1, 1, 1, -1, -1, -1, -1, 0):
        rates.append(next_rate(rates[-1], direction))
    assert rates == [0, 1, 2, 4, 4, -1, -2, -4, -4, 0]


def test_scrubbing_lets_grains_be_heard_and_then_plays_on():
    bench = playing_bench(ramp(4 * RATE))
    bench.pull_all(4_800)
    do(bench, to.scrubbed, 2 * RATE)
    grain = index_of(bench.pull_all(4_800))
    loud = grain[(grain > 1.9 * RATE)]
    assert 1_500 < len(loud) < 4_000
    assert abs(loud.mean() - 2 * RATE) < 500
    assert not grain[-480:].any()
    assert bench.transport.position() == 2 * RATE
    do(bench, to.scrubbed, 3 * RATE)
    bench.pull_all(2_400)
    do(bench, to.released)
    assert bench.wishes.now().state is PLAYING
    after = index_of(bench.pull_all(4_800))
    np.testing.assert_array_equal(after[FADE:], np.arange(3 * RATE, 3 * RATE + 4_800)[FADE:])


def test_scrubbing_at_rest_ends_at_rest():
    bench = Bench()
    put(bench, ramp(RATE))
    do(bench, to.scrubbed, 12_000)
    assert bench.pull_all(4_800).any()
    do(bench, to.released)
    bench.pull_all(960)
    bench.settle()
    assert bench.wishes.now().state is PAUSED
    assert not bench.output.is_running
    assert bench.transport.position() == 12_000


def test_a_device_of_another_rate_gets_the_sound_resampled():
    bench = playing_bench(sine(1_000, 3 * RATE), only_rate=44_100)
    heard = bench.pull_all(44_100, block=441)[0]
    expected = 0.5 * np.sin(2 * np.pi * 1_000 * np.arange(44_100) / 44_100)
    np.testing.assert_allclose(heard[2_000:], expected[2_000:], atol=2e-4)
    assert bench.transport.position() == pytest.approx(RATE, abs=500)


def test_a_mono_sound_comes_from_both_speakers():
    sound = ArraySound(np.random.default_rng(0).uniform(-1, 1, (1, 9_600)))
    heard = playing_bench(sound).pull_all(9_600)
    np.testing.assert_array_equal(heard[0], sound.samples[0])
    np.testing.assert_array_equal(heard[1], sound.samples[0])


def test_volume_moves_without_a_step_and_leaves_the_meters_alone():
    bench = playing_bench(ArraySound(np.full((2, RATE), 0.5)))
    bench.pull_all(960)
    bench.wishes.volume = 0.0
    fading = bench.pull(480)[0]
    assert (np.diff(fading) < 0).all()
    assert not bench.pull(480).any()
    heard = bench.transport.heard(960)
    assert heard.is_whole
    assert (heard.samples == 0.5).all()


def test_another_form_of_sound_goes_on_at_the_same_time():
    bench = playing_bench(noise(4 * RATE))
    bench.pull_all(RATE)
    put(bench, noise(4 * 44_100, channels=1, rate=44_100))
    bench.settle()
    assert bench.output.sample_rate_hz == 44_100
    bench.pull(441)
    assert bench.transport.position() / 44_100 == pytest.approx(1.01, abs=0.002)


def test_an_unplugged_device_gives_way_to_the_next_without_losing_the_place():
    bench = playing_bench(ramp(4 * RATE))
    first = bench.pull_all(9_600)
    bench.outputs.plugged = ["Headphones"]
    bench.output.vanish()
    bench.settle()
    assert bench.output.name == "Headphones"
    assert bench.output.is_running
    assert [state.name for state in bench.output_states] == ["Speakers", "Headphones"]
    heard = index_of(np.concatenate([first, bench.pull_all(9_600)], axis=1))
    np.testing.assert_array_equal(heard, np.arange(19_200))


def test_an_output_that_asks_for_nothing_any_more_is_taken_for_lost():
    bench = playing_bench(ramp(4 * RATE))
    bench.pull_all(4_800)
    stalled = bench.output
    bench.clock.now += STALL_S + stalled.latency_s + 0.01
    bench.transport.step()
    assert not stalled.is_closed  # once may be a machine that was busy
    bench.transport.step()
    assert stalled.is_closed
    bench.settle()
    assert bench.output is not stalled
    assert bench.output.is_running


def test_a_device_that_keeps_dying_is_left_alone():
    bench = playing_bench(ramp(4 * RATE))
    for _ in range(3):
        bench.pull(480)
        bench.output.vanish()
        bench.transport.step()
    assert bench.transport.line.output.is_silent
    assert bench.output_states[-1].message == SILENT
    bench.transport.close()


def test_without_a_device_the_position_moves_and_a_device_that_comes_is_used():
    bench = Bench()
    bench.outputs.plugged = []
    put(bench, ramp(60 * RATE))
    bench.settle()
    play(bench)
    bench.transport.step()
    assert bench.output_states[-1].is_silent
    assert bench.output_states[-1].message == SILENT
    bench.transport.step()
    bench.outputs.plugged = ["Headset"]
    bench.clock.now += POLL_S + 0.1
    bench.transport.step()
    bench.settle()
    assert not bench.output_states[-1].is_silent
    assert bench.output.is_running
    assert bench.pull(480).any()
    bench.transport.close()


def test_a_chosen_device_that_is_missing_is_said_and_the_default_used():
    bench = Bench("Speakers", "USB")
    put(bench, ramp(RATE))
    do(bench, to.through, "USB")
    play(bench, 100)
    bench.pull_all(960)
    assert bench.output.name == "USB"
    bench.outputs.plugged = ["Speakers"]
    bench.output.vanish()
    bench.pull_all(960)
    assert bench.output.name == "Speakers"
    state = bench.output_states[-1]
    assert state.message == "“USB” is not connected. Playing through Speakers."
    assert state.hint


def test_another_device_is_changed_to_while_playing():
    bench = Bench("Speakers", "USB")
    put(bench, ramp(RATE))
    play(bench, 0)
    first = bench.pull_all(4_800)
    do(bench, to.through, "USB")
    bench.settle()
    assert bench.output.name == "USB"
    heard = index_of(np.concatenate([first, bench.pull_all(4_800)], axis=1))
    np.testing.assert_array_equal(heard, np.arange(9_600))


def test_an_idle_output_is_let_go_and_opened_again():
    bench = playing_bench(ramp(RATE))
    bench.pull_all(4_800)
    do(bench, to.paused)
    bench.pull_all(960)
    bench.settle()
    idle = bench.output
    bench.clock.now += IDLE_S + 1
    bench.settle()
    assert idle.is_closed
    play(bench)
    bench.settle()
    assert bench.output is not idle
    assert bench.pull(960).any()


def test_a_card_that_misses_blocks_holds_more_from_the_next_rest_on():
    bench = playing_bench(ramp(4 * RATE))
    bench.pull_all(4_800)
    small = bench.output
    small.underruns = 3
    do(bench, to.paused)
    bench.pull_all(960)
    bench.settle()
    play(bench)
    bench.settle()
    assert bench.output.latency_s == 2 * small.latency_s
    assert bench.transport.underruns == 3


def test_a_tape_that_runs_dry_is_counted_and_goes_on_at_its_place():
    bench = playing_bench(ramp(4 * RATE))
    bench.settle()
    parts = [bench.output.pull(4_800) for _ in range(12)]
    assert bench.transport.underruns == 1
    parts.append(bench.pull_all(9_600))
    heard = index_of(np.concatenate(parts, axis=1))
    np.testing.assert_array_equal(heard[heard > 0], np.arange(1, heard.max() + 1))


class Broken(ArraySound):
    def read(self, start, stop):
        if stop > 30_000:
            raise MediaError("The sound is gone.", hint="Prepare it again.")
        return super().read(start, stop)


def test_a_sound_that_cannot_be_read_stops_with_its_sentence_and_the_next_plays():
    bench = playing_bench(Broken(np.zeros((1, RATE)) + 0.25))
    for _ in range(30):
        bench.settle()
        bench.output.pull(960)
        bench.clock.now += 0.02
    assert [error.message for error in bench.errors] == ["The sound is gone."]
    assert bench.wishes.now().state is PAUSED
    assert bench.transport.position() < 30_000
    put(bench, ramp(RATE))
    play(bench)
    bench.settle()
    assert bench.pull_all(960).any()


def test_a_loop_outside_the_sound_is_refused():
    bench = Bench()
    put(bench, ramp(RATE))
    for loop in ((0, RATE + 1), (500, 400), (0, 100)):
        with pytest.raises(UsageError):
            do(bench, to.looped, loop)


def test_no_sound_at_all_is_no_trouble():
    bench = Bench()
    play(bench)
    bench.settle()
    assert bench.wishes.now().state is STOPPED
    assert bench.transport.position() == 0
    assert bench.transport.heard(0) is None


def test_an_empty_sound_ends_at_once():
    bench = playing_bench(ArraySound(np.zeros((2, 0))))
    bench.pull(480)
    bench.settle()
    assert bench.wishes.now().state is PAUSED

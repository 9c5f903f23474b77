"""The line: the output in use, kept alive: opened ahead, fallen over when lost, let go when idle.

In: what is wanted (device, rate, channels), the time. Out: a running output, were it only a clock,
and a word whenever that changes. Used by one thread, the transport's.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from core.audio.playback.model import OutputState, PlaybackError
from core.audio.playback.outputs import Fill, Output, Outputs, SilentOutput

_log = logging.getLogger(__name__)
STALL_S = 0.3
"""An output that asks for nothing for so long, beyond its latency, is taken for dead."""
START_S = 2.0
"""A wireless one may take so long until it asks the first time."""
POLL_S = 3.0
"""While nothing is there to listen through, devices are looked for so often."""
IDLE_S = 20.0
"""An output that nothing was played through for so long is let go."""
LOSSES, LOSSES_S = 3, 5.0
"""An output that dies so often in so short a time is left alone until the next look."""
LATENCY_S, MOST_LATENCY_S = 0.1, 0.4
"""What the card holds: survives a window that is busy for some frames, and a pause still obeys.
Where it is too little, it is doubled."""
MISSES = 2
"""So many under-runs of one output are too many."""
SILENT = "No sound device: playing silently."


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What the transport wants of an output."""

    device_id: str | None
    sample_rate_hz: int
    channels: int


@dataclass(slots=True, kw_only=True)
class LineEvents:
    """Whom the line calls: the callback for blocks, and what else happens to it."""

    fill: Fill
    ended: Callable[[], None]
    """The output ended by itself; from any thread."""
    started: Callable[[], None]
    """The output is about to ask for blocks anew."""
    changed: Callable[[OutputState], None]


class Line:
    """Holds at most one output."""

    def __init__(self, outputs: Outputs, events: LineEvents, clock: Callable[[], float]) -> None:
        self._outputs, self._events, self._clock = outputs, events, clock
        self._form: Form | None = None
        self._losses: list[float] = []
        self._started_s = self._used_s = self._looked_s = 0.0
        self._doubts = 0
        self._past_underruns = 0
        self._latency_s = LATENCY_S
        self.output: Output | None = None
        self.state: OutputState | None = None
        self.is_running = False

    @property
    def underruns(self) -> int:
        """Blocks that sound cards missed so far."""
        return self._past_underruns + (self.output.underruns if self.output else 0)

    def prepare(self, form: Form) -> Output:
        """Return an opened output of this form; opening one may take a moment."""
        self._used_s = self._clock()
        if self.output is None or form != self._form:
            self.close()
            self._form = form
            self.output = self._open(form)
        return self.output

    def run(self) -> None:
        """Start the prepared output, unless it runs."""
        self._used_s = self._clock()
        if self.is_running or self.output is None:
            return
        self._events.started()
        self._started_s, self._doubts = self._used_s, 0
        self.is_running = True
        try:
            self.output.start()
        except PlaybackError as error:
            _log.info("Sound output: %s", error.message)
            self._fall_over()

    def rest(self) -> None:
        """Stop asking for blocks; the output stays open for a while."""
        if self.is_running and self.output is not None:
            self.is_running = False
            self.output.stop()
            if self.output.underruns >= MISSES and self._latency_s < MOST_LATENCY_S:
                self._latency_s *= 2
                self.close()

    def check(self, last_call_s: float | None) -> None:
        """Notice a lost output, a device that came, an idle one.

        Parameters
        ----------
        last_call_s : float or None
            When a block was last asked for, on the clock.
        """
        now = self._clock()
        if self.output is None:
            return
        if not self.is_running:
            if self.output.is_lost or now - self._used_s > IDLE_S:
                self.close()
        elif self.output.is_silent:
            if now - self._looked_s > POLL_S:
                self._look()
        elif self.output.is_lost or self._is_stalled(now, last_call_s):
            _log.info("Sound output “%s” was lost", self.output.name)
            self._fall_over()

    def look_anew(self) -> None:
        """Look for devices, unless sound is being heard through one."""
        if self.is_running and self.output is not None:
            if self.output.is_silent:
                self._look()
            return
        self.close()
        self._outputs.refresh()

    def close(self) -> None:
        """Let the output go."""
        self.rest()
        if self.output is not None:
            self._past_underruns += self.output.underruns
            self.output.close()
            self.output = None

    def _is_stalled(self, now: float, last_call_s: float | None) -> bool:
        latency = self.output.latency_s if self.output else 0.0
        if last_call_s is None or last_call_s < self._started_s:
            late = now - self._started_s > START_S
        else:
            late = now - last_call_s > STALL_S + latency
        # Twice in a row: this thread may have been kept from running together with the other.
        self._doubts = self._doubts + 1 if late else 0
        return self._doubts > 1

    def _fall_over(self) -> None:
        """Open what is there now; the transport starts it when it has fitted its tapes."""
        now = self._clock()
        self._losses = [at for at in self._losses if now - at < LOSSES_S] + [now]
        form = self._form
        self.close()
        self._outputs.refresh()
        if form is None:
            return
        if len(self._losses) >= LOSSES:
            self.output = self._silent(form, PlaybackError("The sound device keeps failing."))
        else:
            self.output = self._open(form)

    def _look(self) -> None:
        """Change from the clock to a device, when there is one."""
        self._looked_s = self._clock()
        form, silent = self._form, self.output
        if form is None or silent is None:
            return
        self._outputs.refresh()
        found = self._open_device(form)
        if isinstance(found, PlaybackError):
            return
        self.is_running = False
        silent.close()
        self.output = found

    def _open(self, form: Form) -> Output:
        found = self._open_device(form)
        if isinstance(found, PlaybackError):
            self._outputs.refresh()  # what is listed may be long gone
            found = self._open_device(form)
        return self._silent(form, found) if isinstance(found, PlaybackError) else found

    def _open_device(self, form: Form) -> Output | PlaybackError:
        """Open the chosen device, else the default one; report which; or return the reason."""
        missing: PlaybackError | None = None
        for device_id in dict.fromkeys((form.device_id, None)):
            try:
                output = self._outputs.open(
                    device_id,
                    sample_rate_hz=form.sample_rate_hz,
                    channels=form.channels,
                    latency_s=self._latency_s,
                    fill=self._events.fill,
                    ended=self._events.ended,
                )
            except PlaybackError as error:
                missing = missing or error
                continue
            message = f"Playing through {output.name}."
            self._report(output, f"{missing.message} {message}" if missing else message, missing)
            return output
        return missing or PlaybackError(SILENT)

    def _silent(self, form: Form, reason: PlaybackError) -> Output:
        output = SilentOutput(
            sample_rate_hz=form.sample_rate_hz,
            channels=form.channels,
            fill=self._events.fill,
            clock=self._clock,
        )
        self._looked_s = self._clock()
        hint = f"{reason.message} {reason.hint}".strip()
        self._report(output, SILENT, PlaybackError(hint=hint))
        return output

    def _report(self, output: Output, message: str, reason: PlaybackError | None) -> None:
        state = OutputState(
            name=output.name,
            message=message,
            is_silent=output.is_silent,
            device_id=self._form.device_id if self._form else None,
            sample_rate_hz=output.sample_rate_hz,
            latency_s=output.latency_s,
            hint=reason.hint if reason else "",
        )
        if state != self.state:
            self.state = state
            self._events.changed(state)

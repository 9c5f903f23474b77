"""Submitting work: from what a user asked for to a chain of jobs, in one transaction.

In: a subject (asset, source or project) and what to make of it. Out: `Submitted`. Steps whose
files exist are left out; a step that is queued already is shared, not doubled.
"""

from fractions import Fraction

from core.analysis.features import features_key
from core.audio.arrangement import mixed_samples
from core.audio.recipe import Recipe, asset_ids, identity_recipe, prepared_key
from core.backends import require_target
from core.documents import hash_of
from core.engine.parts import Parts
from core.engine.protocol import (
    Subject,
    SubmitAnalyze,
    SubmitEstimate,
    SubmitExport,
    SubmitFrame,
    SubmitIngest,
    SubmitPrepare,
    SubmitRender,
)
from core.engine.recipes import require_mixable
from core.engine.renewals import Renewals
from core.engine.replies import Submitted
from core.engine.routes import Answers
from core.errors import UsageError
from core.ids import new_id
from core.ingest.sources import Source, require_available, source_name
from core.jobs.model import (
    AnalyzeParams,
    AssetRef,
    EstimateParams,
    ExportParams,
    FrameParams,
    IngestParams,
    JobKind,
    JobParams,
    PictureParams,
    PrepareParams,
    RenderParams,
    SourceLinks,
)
from core.jobs.publish import OutputExistsError, check_output
from core.library.model import Asset
from core.render.formats import format_named
from core.scenes.library import load_scene
from core.store.jobs import NewJob


class _Chain:
    """Jobs about one subject, each after those it needs."""

    def __init__(self, parts: Parts, subject: Subject, limits: SubmitIngest | None = None) -> None:
        self._parts = parts
        self.jobs: list[str] = []
        self.new: list[str] = []
        self.recipe: Recipe | None = None
        self._asset: Asset | None = None
        self._ingest_id: str | None = None
        self._project_id = subject.project_id
        given = (subject.asset_id, subject.source, subject.project_id or subject.recipe)
        if sum(value is not None for value in given) != 1:
            raise UsageError("Name one asset, one file, one project or one recipe.")
        self.title = subject.title
        if subject.recipe is not None:
            self._take_recipe(subject.recipe)
        elif subject.project_id is not None:
            project = parts.projects.get(subject.project_id)
            self._take_recipe(project.recipe)
            self.title = self.title or project.title
        elif subject.asset_id is not None:
            self._asset = self._usable(subject.asset_id)
        elif subject.source is not None:
            self.title = source_name(subject.source)
            self._add_ingest(subject.source, limits)
        if self._asset is not None:
            self.title = self.title or self._asset.title

    def _take_recipe(self, recipe: Recipe) -> None:
        """Work on a recipe; the identity recipe of an asset is that asset."""
        require_mixable(self._parts, recipe)
        self._asset = self._usable(recipe.clips[0].asset_id)
        if recipe != identity_recipe(self._asset.id):
            self.recipe = recipe

    def _usable(self, asset_id: str) -> Asset:
        asset = self._parts.assets.get(asset_id)
        if asset.trashed_at is not None:
            raise UsageError(
                f"“{asset.title}” is in the trash.", hint=f"`cymatic assets restore {asset_id}`"
            )
        return asset

    @property
    def asset(self) -> AssetRef:
        """The asset, or the ingest job that will make it."""
        if self._asset is not None:
            return AssetRef(asset_id=self._asset.id)
        return AssetRef(ingest_job_id=self._ingest_id)

    def add(
        self, params: JobParams, *, needs: tuple[str, ...] = (), like: JobParams | None = None
    ) -> str:
        """Queue a job of the chain and return its id; an equal one that waits is shared.

        `like` does as well.
        """
        output = getattr(params, "output", None)
        shared = None if output else self._parts.lists.live_like(params)
        if shared is None and like is not None:
            shared = self._parts.lists.live_like(like)
        if shared is not None:
            self.jobs.append(shared)
            return shared
        job_id = new_id()
        self._parts.jobs.submit(
            NewJob(
                id=job_id,
                title=self.title,
                params=params,
                depends_on=needs,
                source=SourceLinks(
                    asset=self._asset.id if self._asset else None,
                    recipe=hash_of(self.recipe) if self.recipe else None,
                    project=self._project_id,
                ),
                max_attempts=self._parts.current_settings().max_attempts,
            )
        )
        self.jobs.append(job_id)
        self.new.append(job_id)
        return job_id

    def _add_ingest(self, source: Source, limits: SubmitIngest | None) -> None:
        """Queue the job that takes the source in."""
        params = IngestParams(
            source=require_available(source),
            max_duration_s=limits.max_duration_s if limits else None,
            max_bytes=limits.max_bytes if limits else None,
        )
        self._ingest_id = self.add(params)

    @property
    def _prepared_key(self) -> str | None:
        """The key of the mixdown, where the assets are known already."""
        if self._asset is None:
            return None
        return prepared_key(self._mixed, self._sounds)

    @property
    def _mixed(self) -> Recipe:
        """What is mixed of the asset at hand."""
        return self.recipe or identity_recipe(self.asset.asset_id or "")

    @property
    def _sounds(self) -> dict[str, Asset]:
        """The assets that are mixed, by id."""
        return {asset_id: self._usable(asset_id) for asset_id in asset_ids(self._mixed)}

    def add_prepare(
        self, *, always: bool = False, features: bool = False, sounds: bool = False
    ) -> tuple[str, ...]:
        """Queue the mixdown where it is missing; return what a next step waits for."""
        key = self._prepared_key
        if key is not None and not always and self._parts.paths.prepared(key).is_file():
            return ()
        needs = (self._ingest_id,) if self._ingest_id else ()
        params = PrepareParams(
            asset=self.asset, recipe=self.recipe, features=features, sounds=sounds
        )
        other = PrepareParams(asset=self.asset, recipe=self.recipe, features=not features)
        # A mixdown alone does not bring back the sounds that it may have been spared to read.
        return (self.add(params, needs=needs, like=None if sounds else other),)

    def add_analyze(self, *, always: bool = False) -> tuple[str, ...]:
        """Queue mixdown and analysis where they are missing; return what a next step waits for."""
        prepared = self.add_prepare(features=True)
        if not always and self._has_features():
            return prepared
        needs = prepared or ((self._ingest_id,) if self._ingest_id else ())
        analyzed = self.add(AnalyzeParams(asset=self.asset, recipe=self.recipe), needs=needs)
        return (*prepared, analyzed)

    def require_inside(self, time_s: Fraction) -> None:
        """Refuse a time after the end of the sound, where its length is known already."""
        if self._asset is None:
            return
        n_samples = mixed_samples(self._mixed, self._sounds)
        if time_s * self._mixed.sample_rate_hz >= n_samples:
            raise UsageError(
                f"There is nothing at {float(time_s):g} s: the sound ends before.",
                hint=f"The sound is {n_samples / self._mixed.sample_rate_hz:.3f} s long.",
            )

    def _has_features(self) -> bool:
        """Return whether this sound, edited or not, was analysed before, for whatever purpose."""
        key = self._prepared_key
        if key is None or not self._parts.paths.features(features_key(key)).is_file():
            return False
        # The analysis of an asset as it came is told by its row as well.
        analysis = self._asset.analysis if self._asset else None
        return self.recipe is not None or (analysis is not None and analysis.prepared_key == key)

    def submitted(self, job_id: str) -> Submitted:
        """Return the answer: the job asked for and its whole chain."""
        views = tuple(map(self._parts.jobs.view, dict.fromkeys(self.jobs)))
        return Submitted(job=self._parts.jobs.view(job_id), chain=views)


class Submissions:
    """Answers the requests that make jobs."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self._renewals = Renewals(parts)

    def answers(self) -> Answers:
        """Return what answers which request."""
        return {
            SubmitIngest: self.ingest,
            SubmitPrepare: self.prepare,
            SubmitAnalyze: self.analyze,
            SubmitRender: self.render,
            SubmitFrame: self.frame,
            SubmitEstimate: self.estimate,
            SubmitExport: self.export,
        }

    async def ingest(self, request: SubmitIngest) -> Submitted:
        """Queue taking a source in."""
        with self.parts.database.write():
            chain = _Chain(self.parts, Subject(source=request.source), request)
            if request.analyze:
                chain.add_analyze()
        return self._asked_for(chain, chain.jobs[0])

    async def prepare(self, request: SubmitPrepare) -> Submitted:
        """Queue a mixdown."""
        with self.parts.database.write():
            chain = _Chain(self.parts, request.subject)
            (job_id,) = chain.add_prepare(always=True, sounds=request.sounds)
        return self._asked_for(chain, job_id)

    async def analyze(self, request: SubmitAnalyze) -> Submitted:
        """Queue an analysis; that of a project keeps up with its edits."""
        with self.parts.database.write():
            chain = _Chain(self.parts, request.subject)
            job_id = chain.add_analyze(always=True)[-1]
        if request.subject.project_id is not None:
            return self._renewing(chain, job_id, request.subject)
        return self._asked_for(chain, job_id)

    async def render(self, request: SubmitRender) -> Submitted:
        """Queue a video."""
        self._check_render(request)
        with self.parts.database.write():
            chain = _Chain(self.parts, request.subject)
            chain.require_inside(request.start_s)
            needs = chain.add_analyze()
            job_id = chain.add(_render_params(request, chain), needs=needs)
        return self._asked_for(chain, job_id)

    async def frame(self, request: SubmitFrame) -> Submitted:
        """Queue a still."""
        _check_picture(request.picture)
        if request.at_s < 0:
            raise UsageError("A frame's time cannot be negative.")
        self._check_output(request)
        with self.parts.database.write():
            chain = _Chain(self.parts, request.subject)
            chain.require_inside(request.at_s)
            needs = chain.add_analyze()
            params = FrameParams(
                asset=chain.asset,
                recipe=chain.recipe,
                picture=request.picture,
                at_s=request.at_s,
                output=request.output,
                overwrite=request.overwrite,
            )
            job_id = chain.add(params, needs=needs)
        self._expect(request.subject, waits=bool(needs))
        return self._renewing(chain, job_id, request.subject)

    def _renewing(self, chain: _Chain, job_id: str, subject: Subject) -> Submitted:
        """Answer for a chain that the next edit of its project makes useless."""
        self._renewals.follow(chain.jobs, new=chain.new, project_id=subject.project_id)
        return chain.submitted(job_id)

    def _asked_for(self, chain: _Chain, job_id: str) -> Submitted:
        """Answer for a chain that is somebody's wish to the end."""
        self._renewals.asked_for(chain.jobs)
        return chain.submitted(job_id)

    def _expect(self, subject: Subject, *, waits: bool) -> None:
        """Have a worker ready: for the still, while its sound is made; else for the next edit.

        Not after a still of a bare file that is analysed already: a command wants no more than it.
        """
        edited = subject.project_id is not None or subject.recipe is not None
        if waits:
            self.parts.scheduler.expect([JobKind.FRAME])
        elif edited:
            self.parts.scheduler.expect([JobKind.PREPARE])

    async def export(self, request: SubmitExport) -> Submitted:
        """Queue a sound file."""
        from core.audio.encode_formats import sound_format_for  # loads FFmpeg: only when needed

        sound_format_for(
            request.output, bit_depth=request.bit_depth, bit_rate_bps=request.bit_rate_bps
        )
        self._check_output(request)
        with self.parts.database.write():
            chain = _Chain(self.parts, request.subject)
            params = ExportParams(
                asset=chain.asset,
                recipe=chain.recipe,
                output=request.output,
                overwrite=request.overwrite,
                bit_depth=request.bit_depth,
                bit_rate_bps=request.bit_rate_bps,
                title=request.subject.title,
                markers=request.markers,
            )
            job_id = chain.add(params, needs=chain.add_prepare())
        return self._asked_for(chain, job_id)

    async def estimate(self, request: SubmitEstimate) -> Submitted:
        """Queue the probe of a render."""
        self._check_render(request.render)
        with self.parts.database.write():
            chain = _Chain(self.parts, request.render.subject)
            chain.require_inside(request.render.start_s)
            needs = chain.add_analyze()
            params = EstimateParams(render=_render_params(request.render, chain))
            job_id = chain.add(params, needs=needs)
        return self._asked_for(chain, job_id)

    def _check_render(self, request: SubmitRender) -> None:
        _check_picture(request.picture)
        require_target(request.target)
        if request.start_s < 0 or (request.end_s is not None and request.end_s <= request.start_s):
            raise UsageError("The end of the range must be after its start.")
        self._check_output(request)

    def _check_output(self, request: SubmitRender | SubmitFrame | SubmitExport) -> None:
        """Refuse what could not be published at the end, before any work is done."""
        if request.output is None:
            return
        if not request.output.is_absolute():
            raise UsageError(f"{request.output} is not a whole path.")
        check_output(request.output, overwrite=request.overwrite)
        if not request.overwrite and self.parts.lists.writers_of(str(request.output)):
            raise OutputExistsError(
                f"Another job is going to write {request.output}.", hint="Choose another name."
            )


def _render_params(request: SubmitRender, chain: _Chain) -> RenderParams:
    return RenderParams(
        asset=chain.asset,
        recipe=chain.recipe,
        project_id=request.subject.project_id,
        picture=request.picture,
        start_s=request.start_s,
        end_s=request.end_s,
        target=request.target,
        output=request.output,
        overwrite=request.overwrite,
    )


def _check_picture(picture: PictureParams) -> None:
    """Raise KnownError for a picture that no job could draw."""
    format_named(picture.format)
    if picture.scene:
        load_scene(picture.scene)
    if not 1 <= picture.fps <= 240:
        raise UsageError(f"{picture.fps} frames a second is out of range.", hint="Use 1 to 240.")
    if picture.quality not in ("draft", "final"):
        raise UsageError(f"There is no quality “{picture.quality}”.", hint="Use draft or final.")

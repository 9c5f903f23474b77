import pytest

from tests.core.engine.studio import Studio


@pytest.fixture
async def studio(tmp_path):
    studio = await Studio(tmp_path / "library").start()
    yield studio
    await studio.stop()

import pytest

from tests.core.store.conftest import Shelf


@pytest.fixture
def shelf(tmp_path):
    shelf = Shelf(tmp_path / "library")
    yield shelf
    shelf.close()

from collections.abc import Callable

import pytest

from build.library import Content, library_edges, library_graph, library_nodes


@pytest.fixture(name="library_nodes", scope="session")
def _library_nodes() -> Callable[..., list[str]]:
    return library_nodes


@pytest.fixture(name="library_edges", scope="session")
def _library_edges() -> Callable[..., list[str]]:
    return library_edges


@pytest.fixture(name="library_graph", scope="session")
def _library_graph() -> Callable[..., Content]:
    return library_graph

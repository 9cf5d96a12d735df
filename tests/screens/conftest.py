"""What tests of screens share: a session in a store of its own."""

import pytest

from pages.session import Session, SessionStore


@pytest.fixture
def session() -> Session:
    return SessionStore().session("visitor", "page")

"""Links to the root that belong to another page."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from pages.gradio_ui.root_links import RootLinks


@pytest.mark.parametrize(
    ("address", "leads_to"),
    [
        ("/?page=sentiment&text=a+b", "/sentiment?text=a+b"),
        ("/?text=a+cat&mask=[[2,5]]&embed=1", "/masked_bytes?text=a+cat&mask=%5B%5B2%2C5%5D%5D&embed=1"),
        ("/?weights=published&__theme=dark", "/masked_bytes?weights=published&__theme=dark"),
        ("/", None),
        ("/?inputs=2048&embed=1", None),
        ("/?page=https://example.com", None),
        ("/sentiment?text=a", None),
    ],
)
def test_a_link_leads_to_its_page(address: str, leads_to: str | None) -> None:
    async def page(request):
        return PlainTextResponse("here")

    routes = [Route("/", page), Route("/sentiment", page)]
    pages = {"masked_bytes", "sentiment"}
    app = Starlette(routes=routes, middleware=[Middleware(RootLinks, pages=pages)])
    response = TestClient(app, "http://app", follow_redirects=False).get(address)
    location = response.headers.get("location")
    assert (location and str(response.url.join(location))) == (leads_to and f"http://app{leads_to}")

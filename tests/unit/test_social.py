"""What a shared link shows: our title, description and image, once each, for every page."""

import asyncio
import re
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route

from pages.gradio_ui.social import IMAGE_PATH, Preview, SocialTags

PAGE = """<!doctype html><html><head><meta property="og:title" content="Gradio" />
<meta name="twitter:creator" content="@Gradio" />
<meta
  property="og:image"
  content="https://example.com/gradio.jpg"
/><title>é</title></head><body><p>body</p></body></html>"""
PREVIEWS = {"/": Preview("Home", "All pages"), "/words": Preview('A "word" & more', "<b>words</b>")}


@pytest.fixture
def client(tmp_path: Path):
    image = tmp_path / "preview.png"
    image.write_bytes(b"image")

    async def page(request):
        return HTMLResponse(PAGE)

    async def plain(request):
        return PlainTextResponse(PAGE)

    routes = [Route("/", page), Route("/words", page), Route("/other", page), Route("/plain", plain)]
    previews = {**PREVIEWS, "/plain": Preview("Plain", "Plain")}
    app = Starlette(routes=routes, middleware=[Middleware(SocialTags, previews=previews, image=image)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app")


def get(client: httpx.AsyncClient, path: str, **headers: str) -> httpx.Response:
    return asyncio.run(client.get(path, headers=headers))


def tags(html: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, content in re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)"', html):
        found.setdefault(name, []).append(content)
    return found


def test_each_page_has_tags_of_its_own_once(client: httpx.AsyncClient) -> None:
    response = get(client, "/words")
    assert int(response.headers["content-length"]) == len(response.content)
    found = tags(response.text)
    assert found["og:title"] == ["A &#34;word&#34; &amp; more"]
    assert found["og:description"] == found["description"] == ["&lt;b&gt;words&lt;/b&gt;"]
    assert "twitter:creator" not in found
    assert response.text.endswith("<title>é</title></head><body><p>body</p></body></html>")
    assert tags(get(client, "/").text)["og:title"] == ["Home"]


def test_the_image_has_the_address_that_visitors_use(client: httpx.AsyncClient) -> None:
    assert get(client, IMAGE_PATH).content == b"image"
    assert tags(get(client, "/").text)["og:image"] == ["http://app/preview.png"]
    proxied = get(client, "/", **{"x-forwarded-proto": "https", "x-forwarded-host": "name.hf.space"})
    assert tags(proxied.text)["og:image"] == ["https://name.hf.space/preview.png"]


@pytest.mark.parametrize("path", ["/other", "/plain"])
def test_everything_else_passes_unchanged(client: httpx.AsyncClient, path: str) -> None:
    assert get(client, path).text == PAGE

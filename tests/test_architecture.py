"""Who may import whom: the rules of the project's layout, held over the import statements of its files."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from itertools import product
from pathlib import Path

import pytest

from models.tasks import TASKS
from pages.gradio_ui.pages import PAGES
from pages.streamlit_ui.pages import PAGES as STREAMLIT_PAGES

ROOT = Path(__file__).parent.parent
PACKAGES = ("pages", "components", "models", "training", "tools", "benchmarks", "serving")
ENTRY_POINTS = ("app", "streamlit_app")
FILES = (
    *(ROOT / f"{name}.py" for name in ENTRY_POINTS),
    *(path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))),
)

# What each layer may import of the project, besides itself.
BELOW = {
    "app": ("pages", "models"),
    "streamlit_app": ("pages", "models"),
    "pages": ("components", "models.schema", "models.data", "models.backend.protocol", "models.turns"),
    "components": (
        "models.schema",
        *(
            f"models.data.{name}"
            for name in ("attention_cost", "build_one", "byte_text", "faithfulness", "glossary", "graphemes", "lessons")
        ),
    ),
    "models": (),
    "training": ("models",),
    "tools": ("models",),
    "benchmarks": ("models", "training", "serving.ray"),
    "serving": ("models",),
}
# Folders of a layer in their order: each may import those before it and itself.
ORDER = {
    "components": (
        ("components.words",),
        ("components.scale",),
        ("components.analysis",),
        ("components.js", "components.html", "components.plots"),
        ("components.render",),
    ),
    "components.html": (("components.html.images",), ("components.html.text",), ("components.html.charts",)),
    "models": (
        ("models.schema",),
        ("models.data",),
        ("models.perceiver",),
        ("models.tasks",),
        ("models.backend",),
        ("models.service",),
    ),
}
UI = ("gradio", "gradio_client", "streamlit")
HEAVY = ("torch", "torchvision", "torchaudio", "transformers", "safetensors.torch")
MAY_BE_HEAVY = (
    "models.perceiver",
    "models.tasks",
    "models.backend.local",
    "models.backend.zero_gpu",
    "training",
    "tools.verify_published",
    "benchmarks",
    "serving.ray",
)


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources() -> Iterator[tuple[str, str]]:
    """Name and source of every module."""
    return ((module_of(path), path.read_text(encoding="utf-8")) for path in FILES)


def inside(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


parsed = cache(ast.parse)


@cache
def imports(source: str) -> tuple[str, ...]:
    """Every module that a source imports, wherever it does: `from a import b` is a.b, for b may be a module."""
    return tuple(_imports(parsed(source)))


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                yield from (f"{'.' * level}{module or ''}.{name.name}" for name in names)
            case ast.Call(func=ast.Name(id="__import__" | "import_module"), args=[argument, *_]):
                yield _literal(argument)
            case ast.Call(func=ast.Attribute(attr="import_module"), args=[argument, *_]):
                yield _literal(argument)


def _literal(argument: ast.expr) -> str:
    """Of an import by name; one that is worked out cannot be checked, and is taken for the worst."""
    return str(argument.value) if isinstance(argument, ast.Constant) else "gradio"


def uses_environment(source: str, defaults: bool = False) -> bool:
    """Anything of `os.environ` or `os.getenv`; where `defaults` are allowed, but for setting one for others."""
    tree = parsed(source)
    allowed = set()
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=variables, attr="setdefault"))) if defaults:
                allowed.add(variables)
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr="environ" | "environb" | "getenv" | "getenvb") if node not in allowed:
                return True
            case ast.ImportFrom(module="os", names=names) if {name.name for name in names} & {"environ", "getenv", "*"}:
                return True
            case ast.ImportFrom(module="pydantic_settings" | "dotenv"):
                return True
    return False


def may_use_toolkit(module: str, toolkit: str) -> bool:
    """The entry point, and of the pages what binds a screen to this toolkit."""
    name = toolkit.partition(".")[0].partition("_")[0]
    entry = "app" if name == "gradio" else f"{name}_app"
    return inside(module, entry, f"pages.{name}_ui") or module.rpartition(".")[2] == f"{name}_page"


def broken_rules(module: str, source: str) -> list[str]:
    """In words: which imports of a module are against the layout."""
    layer = module.split(".")[0]
    problems = []
    for imported in imports(source):
        if imported.startswith("."):
            problems.append(f"{module} imports {imported} by its place, not by its name")
        if inside(imported, *ENTRY_POINTS, "tests", *PACKAGES) and not inside(imported, layer, *BELOW[layer]):
            problems.append(f"{module} imports {imported}, which is not below {layer}")
        if inside(imported, *UI) and not may_use_toolkit(module, imported):
            problems.append(f"{module} imports {imported}, a user interface")
        if inside(imported, *HEAVY) and not inside(module, *MAY_BE_HEAVY):
            problems.append(f"{module} imports {imported}, which is for models")
    return problems


def test_imports_go_one_way():
    assert [problem for module, source in sources() for problem in broken_rules(module, source)] == []


def points_back(module: str, source: str) -> list[str]:
    """Imports of a folder that comes later, or next to it, in the order of its layer."""
    problems = []
    for layer, ranks in ORDER.items():
        own = next((rank for rank, folders in enumerate(ranks) if inside(module, *folders)), None)
        if own is None:
            continue
        home = next(folder for folder in ranks[own] if inside(module, folder))
        for imported in imports(source):
            others = [each for folders in ranks[own:] for each in folders if each != home]
            if inside(imported, *others):
                problems.append(f"{module} imports {imported}, against the order of {layer}")
    return problems


def test_no_folder_points_back():
    assert [problem for module, source in sources() for problem in points_back(module, source)] == []


def test_an_arrow_back_is_seen():
    assert points_back("components.words.numbers", "from components.scale import shared")
    assert points_back("components.html.images.flow", "from components.plots.plot import Plot")
    assert points_back("components.html.images.flow", "from components.html.charts.bars import bars")
    assert points_back("models.schema.common", "from models.data import images")
    assert not points_back("models.backend.local", "from models.tasks import TASKS")


def test_settings_alone_read_the_environment():
    """The entry points may set defaults for libraries, and so may a benchmark that starts a cluster."""
    readers = {
        module
        for module, source in sources()
        if uses_environment(source, defaults=module in (*ENTRY_POINTS, "benchmarks.ray_serve"))
    }
    assert readers == {"models.backend.settings"}


def test_no_module_imports_itself_through_others():
    modules = {module_of(path): path for path in FILES}
    graph = {
        module: {target for name in imports(path.read_text(encoding="utf-8")) for target in _targets(name, modules)}
        for module, path in modules.items()
    }
    assert sum(map(len, graph.values())) > 30
    TopologicalSorter({module: targets - {module} for module, targets in graph.items()}).prepare()


def _targets(name: str, modules: dict[str, Path]) -> set[str]:
    """`a.b.c` is the module a.b.c, or the name c of the module a.b."""
    return {name} if name in modules else {name.rpartition(".")[0]} & modules.keys()


def test_what_is_really_loaded():
    """Import statements of this project cannot tell what they bring along. One process, from the lightest module on."""
    plain = ("models.schema", "models.data.byte_text", "models.data.images", "models.backend.settings")
    steps = [
        (plain, ("torch", "transformers", "gradio", "matplotlib")),
        (("models.backend.local",), ("gradio", "matplotlib")),
        (("components.render",), ("gradio",)),
    ]
    code = f"""
import sys
from importlib import import_module
for modules, forbidden in {steps}:
    for module in modules:
        import_module(module)
        print(*(name for name in forbidden if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "\n" * 6


# The rules can be broken


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("models.backend.local", "import gradio"),
        ("models.backend.local", "def f():\n    from gradio import Blocks"),
        ("components.render", "import gradio as gr"),
        ("training.loop", "import gradio_client"),
        ("models.schema", "import torch"),
        ("models.schema", "def f():\n    if True:\n        import torch.nn as nn"),
        ("models.backend.cache", "from transformers import PerceiverModel"),
        ("models.backend.settings", "from torch import cuda"),
        ("components.render", "from torch import Tensor"),
        ("pages.masked_bytes", "import transformers"),
        ("pages.masked_bytes", "from torch import Tensor"),
        ("app", "import torch"),
        ("pages.page", "from importlib import import_module\nimport_module('torch')"),
        ("pages.page", "import importlib\nimportlib.import_module('torch.nn')"),
        ("pages.page", "__import__('torch')"),
        ("components.render", "import importlib\nimportlib.import_module(name)"),
        ("models.backend.local", "from pages.gradio_ui.pages import PAGES"),
        ("models.backend.local", "import components.render"),
        ("models.backend.local", "from training.loop import fit"),
        ("components.render", "from pages.page import Page"),
        ("components.render", "from models.backend.local import LocalBackend"),
        ("components.render", "from models.backend import local"),
        ("components.render", "from models import data"),
        ("pages.page", "from app import create_app"),
        ("pages.page", "import training"),
        ("pages.page", "from models.backend.local import LocalBackend"),
        ("pages.page", "from models.tasks.task import Task"),
        ("pages.page", "from models import tasks"),
        ("pages.page", "from . import theme"),
        ("pages.sentiment.screen", "import gradio as gr"),
        ("pages.screen", "from gradio import Blocks"),
        ("pages.screen", "import streamlit as st"),
        ("pages.sentiment.screen", "import streamlit as st"),
        ("pages.sentiment.gradio_page", "import streamlit as st"),
        ("pages.sentiment.streamlit_page", "import gradio as gr"),
        ("pages.view", "import gradio as gr"),
        ("pages.gradio_ui.bind", "import streamlit as st"),
        ("pages.streamlit_ui.shell", "from streamlit_app import app"),
        ("streamlit_app", "import gradio"),
        ("training.loop", "from pages.gradio_ui.pages import PAGES"),
        ("tools.images", "from components import images"),
        ("tools.images", "import torch"),
        ("models.data.examples", "from tools.images import FOLDER"),
        ("models.backend.cache", "from tests.tiny_models import TINY"),
    ],
)
def test_a_broken_rule_is_seen(module, source):
    assert broken_rules(module, source)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "app",
            "from models.backend.local import LocalBackend\nfrom pages.gradio_ui.pages import PAGES\nimport gradio",
        ),
        (
            "pages.gradio_ui.bind",
            "import gradio\nfrom components import render\nfrom models.schema import Probe\nimport numpy",
        ),
        ("pages.sentiment.gradio_page", "import gradio"),
        ("pages.sentiment.streamlit_page", "import streamlit as st"),
        ("pages.streamlit_ui.markup", "from streamlit.components.v2 import component"),
        ("streamlit_app", "import streamlit as st\nfrom models.backend.local import LocalBackend"),
        (
            "components.render",
            "from components.words import numbers\nfrom models.schema import Probe\nimport matplotlib",
        ),
        ("models.backend.local", "import torch\nfrom models.tasks import TASKS\nimport transformers"),
        ("models.perceiver.engine", "from torch import nn"),
        ("training.loop", "import torch\nfrom models.perceiver.engine import encode"),
    ],
)
def test_what_is_allowed_is_not_complained_of(module, source):
    assert broken_rules(module, source) == []


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.environ['A']",
        "import os\ndef f():\n    return os.getenv('A')",
        "import os as o\no.environ.get('A')",
        "from os import environ",
        "from os import getenv as g",
        "import os\nvalues = dict(os.environ)",
        "import os\nvalue = os.environ.setdefault('A', '1')",
        "from pydantic_settings import BaseSettings",
    ],
)
def test_use_of_the_environment_is_seen(source):
    assert uses_environment(source)
    assert uses_environment(source, defaults=True)


def test_a_default_for_others_is_no_use_where_allowed():
    source = "import os\nos.environ.setdefault('A', '1')\nos.path.join('a', 'b')"
    assert uses_environment(source)
    assert not uses_environment(source, defaults=True)
    assert not uses_environment("import os\nos.path.join('a', 'b')")


# Tasks and pages


def test_tasks_and_pages_have_the_same_names():
    assert sorted(page.name for page in PAGES if page.screen.variants) == sorted(task.name for task in TASKS)


def test_both_front_ends_have_the_same_screens():
    assert [page.screen for page in STREAMLIT_PAGES] == [page.screen for page in PAGES]


@pytest.mark.parametrize("name", [task.name for task in TASKS])
def test_a_task_has_its_files(name):
    assert (ROOT / "models" / "tasks" / f"{name}.py").is_file()
    assert all(
        (ROOT / "pages" / name / file).is_file() for file in ("screen.py", "gradio_page.py", "streamlit_page.py")
    )
    assert any((ROOT / "assets" / "examples" / name).iterdir())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_task_has_a_row_in_the_readme(page):
    readme = ROOT / "README.md"
    rows = [line for line in readme.read_text(encoding="utf-8").splitlines() if line.lstrip().startswith("|")]
    assert any(page.name in row or page.title in row for row in rows)


def test_requests_belong_to_one_task_each():
    assert len({task.request for task in TASKS}) == len(TASKS)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_each_variant_has_both_weights(task):
    found = [(checkpoint.weights, checkpoint.variant) for checkpoint in task.checkpoints]
    variants = {variant for _, variant in found}
    assert sorted(found) == sorted(product(("embedded", "published"), variants))
    assert len({checkpoint.name for checkpoint in task.checkpoints}) == len(found)

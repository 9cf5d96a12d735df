"""The glossary: how it is parsed, and what its entries look like."""

import pytest

from models.data.glossary import GLOSSARY, read_glossary

LONGEST = 300
"""Characters of a definition, which must fit into a tooltip."""
TERMS = (
    "Attention head", "Attention rollout", "Baseline", "Byte", "Checkpoint", "Confusion matrix",
    "Decoder cross-attention", "Encoder cross-attention", "End-point error (EPE)", "Epoch",
    "Forward-backward consistency", "Fourier position encoding", "Ground truth", "Input", "Key-value cache", "Latent",
    "Learning rate", "Leave-one-out", "Log-odds", "Mask", "Prefix", "PSNR", "Query", "Residual share", "Seed",
    "Self-attention", "SNR", "Spectrogram", "Temperature", "Token", "Top-k", "Top-p", "Uniform", "Validation accuracy",
    "Warp error",
)  # fmt: skip


def test_terms_and_definitions(tmp_path):
    path = tmp_path / "glossary.md"
    path.write_text("# Glossary\n\n## Latent\nA vector.\nIt is *learned*.\n\n## Top-k\n\nSampling.\n", encoding="utf-8")
    assert read_glossary(path) == {"Latent": "A vector. It is *learned*.", "Top-k": "Sampling."}


@pytest.mark.parametrize(
    "text", ["# G\n\n## Latent\nA vector.\n\n## Latent\nA vector.\n", "# G\n\n## Latent\n\n## Mask\nA.\n"]
)
def test_a_term_needs_one_definition(text, tmp_path):
    path = tmp_path / "glossary.md"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match='"Latent"'):
        read_glossary(path)


def test_the_terms_of_the_app_are_defined():
    assert set(TERMS) - read_glossary().keys() == set()


def test_every_heading_is_an_entry():
    headings = [line[3:] for line in GLOSSARY.read_text(encoding="utf-8").splitlines() if line.startswith("## ")]
    assert headings == list(read_glossary())
    assert headings == sorted(headings, key=str.lower)


@pytest.mark.parametrize(("term", "definition"), read_glossary().items(), ids=list(read_glossary()))
def test_definitions_fit_into_a_tooltip(term, definition):
    assert 0 < len(definition) <= LONGEST
    assert definition.endswith(".")
    assert not set(definition) & set("*_`#<>[]"), "plain text, not Markdown"

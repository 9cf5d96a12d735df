"""What synthetic scenes are made of: reading photographs, and which of them are held out."""

import io
import tarfile
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.colored_noise import colored_noise
from training import flow_textures
from training.flow_textures import ARCHIVE, HELD_OUT, TEXTURE, hold_out, read_photographs, textures


@pytest.fixture
def archive(tmp_path) -> Path:
    return packed(tmp_path / "flow" / ARCHIVE, {f"textures/{n:04}.jpg": 2 * n for n in (3, 0, 2, 1)})


def packed(path: Path, grays: dict[str, int], size: int = TEXTURE) -> Path:
    path.parent.mkdir(exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, gray in grays.items():
            file = io.BytesIO()
            Image.new("L", (size, size), gray).save(file, "PNG")
            member = tarfile.TarInfo(name)
            member.size = file.tell()
            file.seek(0)
            archive.addfile(member, file)
    return path


def test_photographs_come_in_the_order_of_their_names(archive):
    photographs = read_photographs(archive.parent)
    assert photographs.shape == (4, 3, TEXTURE, TEXTURE)
    assert photographs.dtype == torch.uint8
    assert photographs.float().mean(dim=(1, 2, 3)).tolist() == [0, 2, 4, 6]
    assert torch.equal(read_photographs(archive.parent.parent), photographs)


def test_a_folder_without_photographs_is_told(tmp_path):
    with pytest.raises(SystemExit, match=ARCHIVE):
        read_photographs(tmp_path)


def test_photographs_of_another_size_are_refused(tmp_path):
    with pytest.raises(SystemExit, match="64 x 64"):
        read_photographs(packed(tmp_path / "d" / ARCHIVE, {"a.jpg": 1}, size=64).parent)


def test_the_last_photographs_are_held_out():
    photographs = torch.arange(HELD_OUT + 3)
    seen, kept = hold_out(photographs)
    assert seen.tolist() == [0, 1, 2]
    assert kept.tolist() == list(range(3, HELD_OUT + 3))
    with pytest.raises(SystemExit, match=f"{HELD_OUT} photographs"):
        hold_out(photographs[:HELD_OUT])


def test_textures_are_photographs_with_and_without_grain_and_noise(monkeypatch):
    monkeypatch.setattr(flow_textures, "NOISES", 6)
    photographs = colored_noise(4, points=3)
    found = textures(photographs, seed=0)
    assert found.shape == (4 + 6, 3, TEXTURE, TEXTURE)
    assert found.dtype == torch.uint8
    assert torch.equal(found[:4:2], photographs[::2])
    grain = (found[1:4:2].float() - photographs[1::2].float()).std(dim=(1, 2, 3))
    assert ((grain > 3) & (grain < 50)).all()
    spread = found[4:].float().std(dim=(1, 2, 3))
    assert ((spread > 45) & (spread < 60)).all()  # 0.22 of 255, and a little is cut off
    assert torch.equal(found, textures(photographs, seed=0))
    assert not torch.equal(found[4:], textures(photographs, seed=1)[4:])

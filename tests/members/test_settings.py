"""What is tried: architectures that fit the inputs."""

from __future__ import annotations

import pytest

from hbcd.members.settings import settings_of


@pytest.mark.parametrize("rows", [100, 1500, 8000])
def test_narrow_networks_are_tried_on_pieces_alone(rows: int) -> None:
    few = settings_of("balanced", rows, 10, None, None).architectures
    many = settings_of("balanced", rows, 64, None, None).architectures
    assert any(one.pieces for one in few)
    assert many == tuple(one for one in few if not one.pieces)
    assert min(min(one.widths) for one in many) >= 20

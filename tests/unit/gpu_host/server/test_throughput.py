import pytest

from include.calls.stage import GPU_STAGES, Stage
from include.gpu_host.server.throughput import Throughput


def test_speed_is_that_of_the_chain_whatever_was_asked_for() -> None:
    throughput = Throughput()
    for _ in range(50):
        throughput.add(Stage.DENOISE, seconds=1, audio_s=100)
    assert throughput.speed(busy_s=25) is None
    for stage in GPU_STAGES[1:]:
        throughput.add(stage, seconds=3, audio_s=100)
    # 0.01 + 3 × 0.03 seconds of work per audio second, by two workers at once.
    assert throughput.speed(busy_s=29.5) == pytest.approx(20)

"""What is decided before anything is encoded, and which stills are chosen after. Pure."""

import itertools
from fractions import Fraction

import msgspec
import pytest

from app.adapters.ffmpeg.ladder import plan, rungs
from app.adapters.ffmpeg.pictures import choose, sprite_vtt
from app.adapters.ffmpeg.source import Facts, Source, VideoFacts, accept, container_of
from app.adapters.ffmpeg.verify import Verdict
from app.ports.media import MediaRejected

VIDEO = VideoFacts(
    index=0,
    width=1080,
    height=1920,
    sample_aspect=1.0,
    rotation=0,
    interlaced=False,
    transfer=1,
    matrix=1,
    first_s=0.0,
    end_s=10.0,
    frames=300,
    mean_step_s=1 / 30,
    median_step_s=1 / 30,
    steady=True,
)


def source(**changes: object) -> Source:
    return accept("mp4", Facts(video_codec="h264", video=msgspec.structs.replace(VIDEO, **changes)))


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1080, 1920), [("360p", 360, 640), ("720p", 720, 1280), ("1080p", 1080, 1920)]),
        ((3840, 2160), [("360p", 640, 360), ("720p", 1280, 720), ("1080p", 1920, 1080), ("4k", 3840, 2160)]),
        ((1078, 1918), [("360p", 360, 640), ("720p", 720, 1282), ("1080p", 1078, 1918)]),  # nearly: its own size
        ((640, 480), [("360p", 480, 360)]),
        ((320, 240), [("360p", 320, 240)]),
        ((321, 241), [("360p", 320, 240)]),
        ((16, 16), [("360p", 16, 16)]),
    ],
)
def test_the_ladder_never_exceeds_the_source(size: tuple[int, int], expected: list[tuple[str, int, int]]) -> None:
    assert [(rung.name, rung.width, rung.height) for rung in rungs(*size)] == expected


@pytest.mark.parametrize(
    ("step_s", "steady", "fps"),
    [
        (1 / 30, True, Fraction(30)),
        (1001 / 30000, True, Fraction(30000, 1001)),
        (1 / 120, True, Fraction(60)),
        (1 / 240, True, Fraction(60)),
        (1 / 100, True, Fraction(50)),
        (1 / 18, True, Fraction(18)),
        (10.0, True, Fraction(10)),
        (1 / 17, False, Fraction(24)),
        (1 / 29.5, False, Fraction(30000, 1001)),
        (1 / 90, False, Fraction(60)),
    ],
)
def test_the_output_rate_is_constant_common_and_at_most_sixty(step_s: float, steady: bool, fps: Fraction) -> None:
    assert source(mean_step_s=step_s, median_step_s=step_s, steady=steady).fps == fps


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"end_s": 601.5}, "too_long"),
        ({"width": 8193, "height": 1080}, "too_large"),
        ({"width": 1080, "height": 80}, "too_large"),
        ({"width": 8, "height": 8}, "too_large"),
        ({"sample_aspect": 100.0}, "too_large"),
        ({"frames": 72_001}, "too_many_frames"),
        ({"mean_step_s": 1 / 251}, "too_many_frames"),
    ],
)
def test_each_limit_has_its_code(changes: dict[str, object], code: str) -> None:
    with pytest.raises(MediaRejected) as refused:
        source(**changes)
    assert refused.value.code == code


def test_ten_minutes_are_accepted_and_a_cut_file_is_not() -> None:
    assert source(end_s=600.9).probe.duration_ms == 600_900
    with pytest.raises(MediaRejected) as refused:
        accept("mp4", Facts(video_codec="h264", video=VIDEO, declared_s=12.0))
    assert refused.value.code == "corrupt"


@pytest.mark.parametrize(
    ("head", "container"),
    [
        (b"\0\0\0\x20ftypisom\0\0\2\0", "mp4"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0", "mov"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "mov"),
        (b"RIFF\0\0\0\0AVI LIST", "avi"),
    ],
)
def test_the_container_is_told_by_its_magic(head: bytes, container: str) -> None:
    assert container_of(head) == container


@pytest.mark.parametrize(
    "head", [b"#EXTM3U\n#EXT-X-V", b"RIFF\0\0\0\0WAVEfmt ", b"\x1aE\xdf\xa3" + b"\0" * 12, b"PK\3\4"]
)
def test_other_magic_is_unsupported(head: bytes) -> None:
    with pytest.raises(MediaRejected) as refused:
        container_of(head)
    assert refused.value.code == "unsupported"


def test_sixty_frames_a_second_and_odd_rates_keep_two_second_segments() -> None:
    assert plan(source(mean_step_s=1 / 60, end_s=10), None).segment_frames == 120
    assert plan(source(mean_step_s=1001 / 30000), None).segment_frames == 60
    assert plan(source(mean_step_s=1 / 18), None).segment_frames == 36


def verdicts(made_of: dict[int, float], count: int, black: set[int]) -> list[Verdict]:
    """Contrast by index; every index in `black` is black."""
    return [
        Verdict(width=1, height=1, black=1.0 if index in black else 0.0, contrast=made_of.get(index, 1.0))
        for index in range(count)
    ]


def test_each_fifth_gives_its_best_still() -> None:
    made = plan(source(), None)
    best = {3: 9.0, 12: 8.0, 17: 7.0, 25: 6.0, 36: 5.0}
    chosen, poster = choose(made, verdicts(best, len(made.candidates), set()))
    assert chosen == list(best)
    assert poster == 0


def test_black_fifths_are_filled_from_the_others() -> None:
    made = plan(source(), None)
    count = len(made.candidates)
    chosen, _ = choose(made, verdicts({}, count, set(range(count - 6))))
    assert len(set(chosen)) == 5
    assert min(chosen) >= count - 6


def test_few_and_only_black_stills_still_make_five() -> None:
    made = plan(source(frames=1, end_s=0.03, mean_step_s=0.0, median_step_s=0.0), None)
    assert choose(made, verdicts({}, len(made.candidates), {0}))[0][-1] < len(made.candidates)
    assert len(choose(made, verdicts({}, len(made.candidates), set(range(1, 99))))[0]) == 5


def test_the_wanted_frame_is_the_poster_unless_it_is_black() -> None:
    made = plan(source(), 5033)
    assert made.wanted == 150
    wanted = made.candidates.index(150)
    chosen, poster = choose(made, verdicts({}, len(made.candidates), set()))
    assert chosen[poster] == wanted
    chosen, poster = choose(made, verdicts({}, len(made.candidates), {wanted}))
    assert abs(chosen[poster] - wanted) == 1


def test_cues_cover_the_whole_video_without_gaps() -> None:
    lines = sprite_vtt(plan(source(), None)).splitlines()
    spans = [line.split(" --> ") for line in lines if "-->" in line]
    assert spans[0][0] == "00:00:00.000"
    assert spans[-1][1] == "00:00:10.000"
    assert all(before[1] == after[0] for before, after in itertools.pairwise(spans))

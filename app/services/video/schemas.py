"""Bodies of the video routes, as documented, with additions."""

from typing import Annotated, Literal

import msgspec

from app.ports.videos import Failure, Visibility

Text = Annotated[str, msgspec.Meta(max_length=10_000)]
Id = Annotated[str, msgspec.Meta(max_length=64)]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=9_999_999_999_999)]
ContentType = Literal["video/mp4", "video/quicktime", "video/x-msvideo"]


class Place(msgspec.Struct):
    """Where it was filmed; others see the name only."""

    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    lng: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    name: Annotated[str, msgspec.Meta(max_length=100)] | None = None


class UploadRequest(msgspec.Struct, kw_only=True):
    """What the author announces. Size binds; duration and dimensions are corrected by what the file holds."""

    title: Text
    description: Text = ""
    category: Annotated[str, msgspec.Meta(max_length=30)] = "other"
    hashtags: Annotated[list[Text], msgspec.Meta(max_length=10)] = []
    duration_sec: Annotated[float, msgspec.Meta(gt=0, le=600)]
    file_size_bytes: Annotated[int, msgspec.Meta(ge=1, le=2**40)]
    width: Annotated[int, msgspec.Meta(ge=1, le=16_384)]
    height: Annotated[int, msgspec.Meta(ge=1, le=16_384)]
    visibility: Visibility = "public"
    music_id: Id | None = None
    effects: Annotated[list[Id], msgspec.Meta(max_length=20)] = []
    allow_comments: bool = True
    allow_duet: bool = True
    allow_stitch: bool = True
    location: Place | None = None
    publish_at: Milliseconds | None = None
    content_type: ContentType = "video/mp4"
    thumbnail_at_ms: Milliseconds | None = None


class PartAddress(msgspec.Struct):
    number: int
    url: str


class Parts(msgspec.Struct):
    """How to send the file in resumable parts, each with its own address."""

    part_size_bytes: int
    parts: list[PartAddress]


class UploadAnswer(msgspec.Struct, omit_defaults=True):
    """Where to send the file: whole in one PUT with these headers or, over 16 MB, in parts as well."""

    video_id: str
    upload_url: str
    upload_expires_at: int
    status: str
    upload_headers: dict[str, str]
    upload: Parts | None = None


class PartState(msgspec.Struct):
    """A part that has arrived has an etag; one that has not has an address."""

    number: int
    size_bytes: int
    etag: str | None
    url: str | None


class UploadState(msgspec.Struct):
    """What has arrived, with fresh addresses for the rest. Without parts there is only the whole file's address."""

    status: str
    part_size_bytes: int | None
    upload_expires_at: int
    upload_url: str | None
    upload_headers: dict[str, str]
    parts: list[PartState]


class PartDone(msgspec.Struct):
    number: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    etag: Annotated[str, msgspec.Meta(max_length=128)]
    checksum_sha256: Annotated[str, msgspec.Meta(max_length=64)] | None = None


class Complete(msgspec.Struct):
    """The parts that were sent; none if the file went in one PUT."""

    parts: Annotated[list[PartDone], msgspec.Meta(max_length=10_000)] | None = None


class StatusAnswer(msgspec.Struct, omit_defaults=True):
    """Where a video stands; `progress` is in percent."""

    video_id: str
    status: str
    moderation_status: str
    progress: int
    failure: Failure | None = None


class Patch(msgspec.Struct, kw_only=True):
    """What an author may change; a field left out stays. A location of null is removed."""

    title: Text | msgspec.UnsetType = msgspec.UNSET
    description: Text | msgspec.UnsetType = msgspec.UNSET
    category: Annotated[str, msgspec.Meta(max_length=30)] | msgspec.UnsetType = msgspec.UNSET
    hashtags: Annotated[list[Text], msgspec.Meta(max_length=10)] | msgspec.UnsetType = msgspec.UNSET
    visibility: Visibility | msgspec.UnsetType = msgspec.UNSET
    effects: Annotated[list[Id], msgspec.Meta(max_length=20)] | msgspec.UnsetType = msgspec.UNSET
    allow_comments: bool | msgspec.UnsetType = msgspec.UNSET
    allow_duet: bool | msgspec.UnsetType = msgspec.UNSET
    allow_stitch: bool | msgspec.UnsetType = msgspec.UNSET
    thumbnail_index: Annotated[int, msgspec.Meta(ge=0, le=4)] | msgspec.UnsetType = msgspec.UNSET
    location: Place | msgspec.UnsetType | None = msgspec.UNSET


class DownloadAnswer(msgspec.Struct):
    """Where the watermarked file is, and until when that address works."""

    download_url: str
    expires_at: int


class MusicAnswer(msgspec.Struct):
    music_id: str
    title: str
    artist: str
    duration_sec: int

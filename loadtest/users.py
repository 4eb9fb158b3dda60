"""The crowd of a run as Locust users. Each makes one request at each of their due times (`schedule`)."""

import random
import secrets
import time
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, Final

import gevent
from locust import FastHttpUser, constant, events, task
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_STOPPING

from loadtest import people
from loadtest.outcome import CAME_OF_IT, LATER
from loadtest.people import Person
from loadtest.proportions import SHARE_OF, VIEWS_PER_SESSION, Act, Feed, Kind, feed_of, session
from loadtest.schedule import Schedule
from loadtest.settings import Run

API: Final = "/api/v1/"
TIMEOUT_S: Final = 10.0
CLIP: Final = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isommp42" + bytes(64 * 1024)  # not a film, but it begins as one

Json = dict[str, Any]
BEGUN: Final[Json] = {"type": "start", "watched_ms": 0, "position_ms": 0}


def watched(playback: str) -> Json:
    """What is reported of a playback, by its token, half a second after it or later: the view that counts."""
    return {"type": "engaged", "playback_token": playback, "watched_ms": 2000, "position_ms": 2000}


class Asking(FastHttpUser):
    """Somebody with due times, and a way to ask whose times count from those."""

    abstract = True
    wait_time = constant(0)
    connection_timeout = TIMEOUT_S
    network_timeout = TIMEOUT_S
    begins_s = 0.0  # of the run
    _people: Iterator[Person] | None = None

    def on_start(self) -> None:
        """Draws a first due time within one pace, so that all of them together ask evenly."""
        self.run_ = Run.of_environ()
        self.draw = random.Random()
        pace_s = self.run_.plan.pace_s
        now_s = time.perf_counter()
        begun_s = getattr(self.environment, "kinora_begun_s", now_s)
        first_s = max(now_s, begun_s + self.begins_s) + self.draw.random() * pace_s
        self._schedule = Schedule(first_s, pace_s, time.perf_counter)
        self._late_ms = 0.0
        self.person: Person | None = None

    @task
    def take_turn(self) -> None:
        """Waits until it is due, if it is not late already, and asks."""
        due_s, given_up = self._schedule.take()
        for _ in range(given_up):
            self.environment.events.request.fire(
                request_type="NONE",
                name="given up",
                response_time=0.0,
                response_length=0,
                exception=TimeoutError("too late to be asked at all"),
                context={},
            )
        gevent.sleep(max(0.0, due_s - time.perf_counter()))  # the load itself: an open loop asks when it is due
        if self._state == LOCUST_STATE_STOPPING:
            return  # what was due after the end; what was asked before it is still waited for
        self._late_ms = self._schedule.late_ms(due_s)
        self.turn()

    @abstractmethod
    def turn(self) -> None:
        """One request, or a few that follow from each other."""

    def sign_in(self) -> Person:
        """The next one of the file, or somebody new."""
        if self.run_.tokens is None:
            made = self.ask("POST", "auth/register", json=people.application(self.run_.password), well=(201,))
            if made is None:
                raise StopUser
            return people.of_token(made["access_token"])
        if Asking._people is None:
            Asking._people = people.of_file(self.run_.tokens)
        return next(Asking._people)

    def ask(
        self, method: str, path: str, name: str | None = None, well: tuple[int, ...] = (200,), **more: Any
    ) -> Json | None:
        """The answer's JSON ({} without one), or None for a refusal. The first request of a turn is late by as much as
        the turn was: its time counts from when it was due. Where 429 is among `well`, it must say until when."""
        late_ms, self._late_ms = self._late_ms, 0.0
        headers = (self.person.headers if self.person else {}) | more.pop("headers", {})
        address = path if path.startswith(("http", "/")) else API + path
        with self.client.request(
            method, address, name=name or path.partition("?")[0], headers=headers, catch_response=True, **more
        ) as answer:
            answer.request_meta["response_time"] += late_ms
            if answer.status_code not in well:
                why = answer.text or str(answer.error)  # who was not connected has no text
                answer.failure(f"{answer.status_code} {why[:200]}")
                return None
            if answer.status_code == LATER:
                if "retry-after" in answer.headers:
                    answer.success()
                else:
                    answer.failure(f"{LATER} that does not say when")
                return None
            answer.success()
            found: Json = answer.json() if answer.text else {}
            return found

    def follow(self, user_id: str) -> None:
        """Follows somebody else, and notes it where it has been done."""
        if self.person is None or user_id == self.person.user_id:
            return
        if self.ask("POST", f"users/{user_id}/follow", "users/:id/follow", json={}) is not None:
            CAME_OF_IT.note(user_id, self.person.user_id)

    def report_view(self, video: Json, **fact: Any) -> Json | None:
        """The answer. Notes whose report has been taken for true, where it is one that counts."""
        path = f"videos/{video['video_id']}/views"
        taken = self.ask("POST", path, "videos/:id/views", (202,), json=fact | {"event_id": secrets.token_hex(16)})
        if self.person is None or self.person.user_id == video["user"]["user_id"]:
            return taken  # nobody counts for their own, and visitors have no part in what is noted
        if taken and taken["accepted"] and fact["type"] == "engaged":
            CAME_OF_IT.note(video["video_id"], self.person.user_id)
        return taken


class Watching(Asking):
    """Somebody who reads pages and watches what is on them."""

    abstract = True
    kind: Kind

    def on_start(self) -> None:
        super().on_start()
        self._acts: Iterator[Act] = iter(())
        self._cursors: dict[Feed, str] = {}
        self._videos: list[Json] = []
        self._playback: str | None = None
        self._first = self.draw.randrange(VIEWS_PER_SESSION)  # in the middle of a session, as people are found

    @abstractmethod
    def turn(self) -> None:
        act = next(self._acts, None)
        if act is None:
            if self.kind != "anonymous":
                self.person = self.sign_in()
            self._acts = session(self.draw, self.kind, self.run_.uploads, self._first)
            self._first = 0
            self._cursors.clear()
            act = next(self._acts)
        if act.step == "page":
            self._read(act.feed)
        elif not self._videos:
            self._read(feed_of(self.draw, self.kind))  # the page that they are in the middle of
        elif act.step == "upload":
            self._upload()
        else:
            self._watch(act, self._videos[act.place % len(self._videos)])

    def _read(self, feed: Feed) -> None:
        cursor = self._cursors.pop(feed, None)
        page = self.ask("GET", f"feed/{feed}" + (f"?cursor={cursor}" if cursor else ""))
        if page is None:
            return
        self._videos = page["videos"]
        self._playback = page.get("playback_token")
        if page["next_cursor"]:
            self._cursors[feed] = page["next_cursor"]

    def _watch(self, act: Act, video: Json) -> None:
        video_id, author_id = video["video_id"], video["user"]["user_id"]
        if act.step == "view":
            self._view(video)
        elif act.step == "comment":
            words = {"content": "What a clip! " + secrets.token_hex(4)}
            self.ask("POST", f"videos/{video_id}/comments", "videos/:id/comments", (201,), json=words)
        elif act.step != "follow":
            self.ask("POST", f"videos/{video_id}/{act.step}", f"videos/:id/{act.step}", json={})
        else:
            self.follow(author_id)

    def _view(self, video: Json) -> None:
        self.report_view(video, **(watched(self._playback) if self._playback else BEGUN))

    def _upload(self) -> None:
        wish = {"title": "A clip", "duration_sec": 5, "file_size_bytes": len(CLIP), "width": 720, "height": 1280}
        started = self.ask("POST", "videos/upload", json=wish)
        if started is None:
            return
        self.ask("PUT", started["upload_url"], "upload_url", data=CLIP, headers=started["upload_headers"])


class Viewer(Watching):
    weight = SHARE_OF["viewer"]
    kind = "viewer"


class Creator(Watching):
    weight = SHARE_OF["creator"]
    kind = "creator"


class Anonymous(Watching):
    weight = SHARE_OF["anonymous"]
    kind = "anonymous"


def _note_the_start(environment: Any, **_: Any) -> None:
    environment.kinora_begun_s = time.perf_counter()


events.test_start.add_listener(_note_the_start)  # type: ignore[no-untyped-call]

"""Who comes beside the crowd, as Locust users: fans, guests, and people who sign in again."""

from abc import abstractmethod
from typing import ClassVar, Final

from loadtest import people, rates
from loadtest.outcome import CAME_OF_IT, LATER
from loadtest.proportions import Feed
from loadtest.settings import Run
from loadtest.users import BEGUN, Asking, Json, watched

STARS: Final = 3  # creators whom all fans follow


class Extra(Asking):
    """Somebody who comes in the middle of a run."""

    abstract = True

    def on_start(self) -> None:
        self.begins_s = rates.begins_s(Run.of_environ().plan)
        super().on_start()

    def read(self, feed: Feed) -> list[Json]:
        """The videos of a feed's first page."""
        page = self.ask("GET", f"feed/{feed}")
        return page["videos"] if page else []


class Fan(Extra):
    """Follows the same creators as all fans, each time as somebody else.

    Of those whom the first fan is shown they have the fewest followers: who is above the limits of fan-out already can
    not be carried over them.
    """

    stars: ClassVar[list[str]] = []

    @abstractmethod
    def turn(self) -> None:
        self.person = self.sign_in()
        if not Fan.stars:
            chosen = self._least_followed(self.read("for-you"))
            Fan.stars = Fan.stars or chosen  # another may have chosen meanwhile
        for star in Fan.stars:
            self.follow(star)

    def _least_followed(self, videos: list[Json]) -> list[str]:
        creators = dict.fromkeys(video["user"]["user_id"] for video in videos)
        pages = [self.ask("GET", f"users/{creator}", "users/:id") for creator in creators]
        known = [page for page in pages if page is not None]
        return [page["user_id"] for page in sorted(known, key=lambda page: int(page["follower_count"]))[:STARS]]


class Guest(Extra):
    """Comes for one video that everybody comes for, opens it, and by the next due time has watched enough of it to be
    counted; then somebody else comes."""

    videos: ClassVar[list[Json]] = []  # the one that trended when the first guest came: the list goes on changing

    def on_start(self) -> None:
        super().on_start()
        self._playback: str | None = None

    @abstractmethod
    def turn(self) -> None:
        if not Guest.videos:
            first = self.read("trending")[:1]
            Guest.videos = Guest.videos or first  # another may have come meanwhile
        for video in Guest.videos:
            if self._playback:
                self.report_view(video, **watched(self._playback))
                self._playback = None
            else:
                self._open(video)

    def _open(self, video: Json) -> None:
        self.person = self.sign_in()
        self.ask("GET", f"videos/{video['video_id']}", "videos/:id")
        begun = self.report_view(video, **BEGUN)
        self._playback = begun["playback_token"] if begun else None


class Sleeper(Extra):
    """Signs in again by name and password, and opens For You. Who is told to come later is answered, too."""

    @abstractmethod
    def turn(self) -> None:
        self.person = self.sign_in()
        me = self.ask("GET", "users/me")
        if me is None:
            return
        self.person = None
        login = {"login": me["username"], "password": self.run_.password}
        signed_in = self.ask("POST", "auth/login", well=(200, LATER), json=login)
        if signed_in is not None:
            self.person = people.of_token(signed_in["access_token"])
            CAME_OF_IT.note("signed in", self.person.user_id)
            self.ask("GET", "feed/for-you")

"""Cards and hashes from the records of videos. `hotpath.pure.records` gives the meaning.

An object's members are found, not decoded: what is kept of a record are pieces of its text, in another order.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.stdlib cimport free

from hotpath._buffers cimport (
    HEAD_BYTES,
    Buffer,
    append,
    make_room,
    say,
    write,
    write_head,
    write_number,
    write_padded,
    write_word,
)
from hotpath._json cimport (
    MOST_FIELDS,
    Span,
    Table,
    append_bytes,
    find_members,
    has_escapes,
    is_text,
    next_text,
    number_of,
    write_json,
    write_said,
    write_text,
)
from hotpath._types cimport ID_BYTES, int64_t
from hotpath.shelf cimport CATEGORY_BYTES, HEADER_BYTES, MEDIA_VERSION_BYTES

from hotpath.pure.records import AS_THEY_ARE, COUNTS, MEDIA, PLACE, VIDEO

cdef enum:
    TIME_DIGITS = 13
    VERSION_DIGITS = 20
    SCRATCH_BYTES = 128  # more than a header's numbers, names and ends


cdef struct Record:
    Span[MOST_FIELDS] video
    Span[MOST_FIELDS] counts
    Span[MOST_FIELDS] media
    bint has_media
    bint active
    bint shown
    bint has_body
    bint own


cdef int64_t MOST_MORE = <int64_t> 1 << 62
cdef int64_t EXACT = 1_000_000_000_000_000  # thousandths below are told apart by a double, digit for digit
cdef list _constants = []  # what the tables point into
cdef Table videos, counters, files, places
cdef Py_ssize_t[MOST_FIELDS] copied  # of `videos`, those of a body that are as they are
cdef Py_ssize_t copied_count = len(AS_THEY_ARE)


cdef Span _constant(bytes text) except *:
    cdef Span span
    _constants.append(text)
    span.at, span.size = PyBytes_AS_STRING(text), len(text)
    return span


cdef int _set_up(Table* table, dict fields) except -1:
    if len(fields) > MOST_FIELDS:
        raise ValueError("too many fields")
    table.count = 0
    for name, default in fields.items():
        table.names[table.count] = _constant(name.encode())
        table.words[table.count] = _constant(b"$%d\r\n%b\r\n" % (len(name), name.encode()))
        table.defaults[table.count].at = NULL
        if default is not None:
            table.defaults[table.count] = _constant(default.encode())
        table.count += 1
    return 0


_set_up(&videos, VIDEO)
_set_up(&counters, COUNTS)
_set_up(&files, MEDIA)
_set_up(&places, PLACE)
for _number_of, _name in enumerate(AS_THEY_ARE):
    copied[_number_of] = list(VIDEO).index(_name)
cdef Py_ssize_t VIDEO_ID = list(VIDEO).index("video_id")
cdef Py_ssize_t STATUS = list(VIDEO).index("status")
cdef Py_ssize_t VERSION = list(VIDEO).index("version")
cdef Py_ssize_t VISIBILITY = list(VIDEO).index("visibility")
cdef Py_ssize_t CATEGORY = list(VIDEO).index("category")
cdef Py_ssize_t PUBLISHED_AT = list(VIDEO).index("published_at")
cdef Py_ssize_t LOCATION = list(VIDEO).index("location")
cdef Py_ssize_t DURATION = list(VIDEO).index("duration_ms")
cdef Py_ssize_t MEDIA_OF = list(VIDEO).index("media")
cdef Py_ssize_t ATTEMPT = list(MEDIA).index("attempt")
cdef Py_ssize_t EPOCH = list(MEDIA).index("epoch")
cdef Py_ssize_t RENDITIONS = list(MEDIA).index("renditions")
cdef Py_ssize_t THUMBNAILS = list(MEDIA).index("thumbnails")
cdef Py_ssize_t POSTER = list(MEDIA).index("poster")
cdef Py_ssize_t SPRITE = list(MEDIA).index("sprite")
cdef Py_ssize_t SPRITE_VTT = list(MEDIA).index("sprite_vtt")
cdef Py_ssize_t MASTER = list(MEDIA).index("master")
cdef Py_ssize_t DASH = list(MEDIA).index("dash")


def make(list rows not None, dict authors not None, dict pieces not None, bint own=False):
    """About 2 µs a card of 1,100 bytes with a hash of 2,000."""
    cdef dict cards = {}
    cdef dict hashes = {}
    cdef dict briefs = {}
    cdef Record record
    cdef Buffer out, scratch
    out.at, out.size, out.room = NULL, 0, 0
    scratch.at, scratch.size, scratch.room = NULL, 0, 0
    record.own = own
    try:
        for video_id, user_id, music_id, document, counts, counts_version in rows:
            author = authors.get(user_id)
            if author is None:
                continue
            _read(&record, document, counts, author[6])
            out.size = 0
            _write_header(&out, &record, author[0], counts_version + author[5])
            if record.has_body:
                if user_id not in briefs:
                    briefs[user_id] = _brief(&scratch, author)
                _write_body(&out, &record, briefs[user_id], None if music_id is None else pieces.get(music_id))
            cards[video_id] = PyBytes_FromStringAndSize(out.at, out.size)
            if not own and (record.shown or not record.active):
                out.size = 0
                _write_hash(&out, &scratch, &record)
                hashes[video_id] = PyBytes_FromStringAndSize(out.at, out.size)
    finally:
        free(out.at)
        free(scratch.at)
    return cards, hashes


cdef int _read(Record* record, str document, str counts, bint suspended) except -1:
    """The record points into the texts from now on."""
    cdef Span span
    span.at = PyUnicode_AsUTF8AndSize(<str?> document, &span.size)
    find_members(&videos, span, record.video)
    span.at = PyUnicode_AsUTF8AndSize(<str?> counts, &span.size)
    find_members(&counters, span, record.counts)
    record.has_media = not is_text(record.video[MEDIA_OF], b"null", 4)
    if record.has_media:
        find_members(&files, record.video[MEDIA_OF], record.media)
    record.active = is_text(record.video[STATUS], b'"active"', 8)
    record.shown = record.active and record.has_media and not suspended
    record.has_body = record.shown or record.own
    return 0


cdef int _write_header(Buffer* out, Record* record, str author_id, int64_t more) except -1:
    cdef int64_t version = number_of(record.video[VERSION])
    cdef int64_t published_at = 0
    cdef char letter = c"X" if record.own and not record.shown else _letter(record.video[VISIBILITY])
    cdef Py_ssize_t media_version = 0
    cdef Py_ssize_t category = 0
    cdef Span author
    author.at = PyUnicode_AsUTF8AndSize(author_id, &author.size)
    if author.size != ID_BYTES:
        raise ValueError("an author's id has 30 bytes")
    if not is_text(record.video[PUBLISHED_AT], b"null", 4):
        published_at = number_of(record.video[PUBLISHED_AT])
    if letter == 0 or not 0 <= more <= MOST_MORE or published_at >= 10_000_000_000_000:
        raise ValueError("the record's version, visibility or time is malformed")
    make_room(out, HEADER_BYTES)
    write_padded(out, version + more, VERSION_DIGITS)
    write(out, b"2", 1)
    write(out, &letter, 1)
    write(out, b"A" if record.has_body else b"-", 1)
    write(out, author.at, author.size)
    write_padded(out, published_at, TIME_DIGITS)
    write(out, b"0000", 4)  # instead of the lengths of what comes now
    if record.has_body and record.has_media:
        write_said(out, record.media[ATTEMPT])
        make_room(out, SCRATCH_BYTES)
        write(out, b".", 1)
        write_number(out, number_of(record.media[EPOCH]))
        media_version = out.size - HEADER_BYTES
    if record.has_body:
        write_said(out, record.video[CATEGORY])
        category = out.size - HEADER_BYTES - media_version
    if media_version > MEDIA_VERSION_BYTES or category > CATEGORY_BYTES:
        raise ValueError("the media version or the category is too long")
    if not _is_ascii(out.at, out.size):
        raise ValueError("the card's header is not ASCII")
    out.size = HEADER_BYTES - 4
    write_padded(out, media_version, 2)
    write_padded(out, category, 2)
    out.size += media_version + category
    return 0


cdef int _write_body(Buffer* out, Record* record, bytes brief, piece) except -1:
    cdef Py_ssize_t i, field
    cdef Span[MOST_FIELDS] place
    say(out, b'{"video_id":')
    write_json(out, record.video[VIDEO_ID])
    say(out, b',"user":')
    say(out, PyBytes_AS_STRING(brief))
    for i in range(copied_count):
        field = copied[i]
        _member(out, b',"', videos.names[field])
        write_json(out, record.video[field])
    if not is_text(record.video[LOCATION], b"null", 4):
        find_members(&places, record.video[LOCATION], place)
    if is_text(record.video[LOCATION], b"null", 4) or is_text(place[0], b"null", 4) or is_text(place[0], b'""', 2):
        say(out, b',"location":null')
    else:
        say(out, b',"location":{"name":')
        write_json(out, place[0])
        say(out, b"}")
    _write_addresses(out, record)
    say(out, b',"duration_sec":')
    _write_seconds(out, number_of(record.video[DURATION]))
    say(out, b',"stats":')
    for i in range(counters.count):
        _member(out, b',"' if i else b'{"', counters.names[i])
        write_json(out, record.counts[i])
    say(out, b'},"user_interaction":\x02,"music":')
    if piece is None:
        return say(out, b"null}")
    music_id, title, artist = piece
    say(out, b'{"music_id":')
    write_text(out, music_id)
    say(out, b',"title":')
    write_text(out, title)
    say(out, b',"artist":')
    write_text(out, artist)
    return say(out, b"}}")


cdef int _write_addresses(Buffer* out, Record* record) except -1:
    cdef Span rest, item
    cdef Py_ssize_t ahead
    if not record.has_media:
        say(out, b',"urls":{},"thumbnail_url":null')
        if record.own:
            say(out, b',"thumbnails":[]')
        return say(out, b',"preview_sprite_url":null,"preview_vtt_url":null')
    say(out, b',"urls":{')
    rest = record.media[RENDITIONS]
    while next_text(&rest, &item):
        say(out, b'"')
        _file(out, item)
        say(out, b'":"\x01/')
        _file(out, item)
        say(out, b'/playlist.m3u8",')
    say(out, b'"master":')
    _address(out, record.media[MASTER])
    say(out, b',"dash":')
    _address(out, record.media[DASH])
    say(out, b'},"thumbnail_url":')
    rest = record.media[THUMBNAILS]
    for _ in range(number_of(record.media[POSTER]) + 1):
        if not next_text(&rest, &item):
            raise ValueError("there is no such thumbnail")
    _address(out, item)
    if record.own:
        say(out, b',"thumbnails":')
        rest = record.media[THUMBNAILS]
        ahead = 0
        while next_text(&rest, &item):
            say(out, b"," if ahead else b"[")
            _address(out, item)
            ahead += 1
        say(out, b"]")
    say(out, b',"preview_sprite_url":')
    _address(out, record.media[SPRITE])
    say(out, b',"preview_vtt_url":')
    return _address(out, record.media[SPRITE_VTT])


cdef int _write_hash(Buffer* out, Buffer* scratch, Record* record) except -1:
    make_room(out, HEAD_BYTES)
    write_head(out, c"*", 2 * (videos.count + counters.count))
    _write_members(out, scratch, &videos, record.video)
    return _write_members(out, scratch, &counters, record.counts)


cdef int _write_members(Buffer* out, Buffer* scratch, const Table* table, const Span* values) except -1:
    cdef Py_ssize_t i
    for i in range(table.count):
        append(out, table.words[i].at, table.words[i].size)
        if values[i].at[0] in (c'"', c"{", c"["):
            scratch.size = 0
            write_said(scratch, values[i])
            write_word(out, scratch.at, scratch.size)
        else:
            write_word(out, values[i].at, values[i].size)
    return 0


cdef bytes _brief(Buffer* scratch, author):
    user_id, username, display_name, avatar, verified, _, _ = author
    scratch.size = 0
    say(scratch, b'{"user_id":')
    write_text(scratch, user_id)
    say(scratch, b',"username":')
    write_text(scratch, username)
    say(scratch, b',"display_name":')
    write_text(scratch, display_name)
    say(scratch, b',"avatar_url":')
    if avatar:
        write_text(scratch, f"/avatars/{user_id}/{avatar}")
    else:
        say(scratch, b"null")
    say(scratch, b',"verified":true}' if verified else b',"verified":false}')
    return PyBytes_FromStringAndSize(scratch.at, scratch.size)


cdef int _member(Buffer* out, const char* before, Span name) except -1:
    say(out, before)
    append(out, name.at, name.size)
    return say(out, b'":')


cdef int _file(Buffer* out, Span name) except -1:
    """What a text says; names of files are of an alphabet in which nothing needs escaping."""
    if name.size < 2 or name.at[0] != c'"' or has_escapes(name):
        raise ValueError("not a file's name")
    name.at, name.size = &name.at[1], name.size - 2
    return append(out, name.at, name.size)


cdef int _address(Buffer* out, Span name) except -1:
    say(out, b'"\x01/')
    _file(out, name)
    return say(out, b'"')


cdef int _write_seconds(Buffer* out, int64_t thousandths) except -1:
    cdef char[4] fraction
    if thousandths >= EXACT:
        return append_bytes(out, repr((<object> thousandths) / 1000).encode())
    write_number(out, thousandths // 1000)
    fraction[0], fraction[1] = c".", <char> (c"0" + thousandths // 100 % 10)
    fraction[2], fraction[3] = <char> (c"0" + thousandths // 10 % 10), <char> (c"0" + thousandths % 10)
    cdef Span span
    span.at, span.size = fraction, 4
    while span.size > 2 and fraction[span.size - 1] == c"0":
        span.size -= 1
    return append(out, span.at, span.size)


cdef char _letter(Span visibility) noexcept:
    if is_text(visibility, b'"public"', 8):
        return c"P"
    if is_text(visibility, b'"friends"', 9):
        return c"F"
    return c"X" if is_text(visibility, b'"private"', 9) else 0


cdef bint _is_ascii(const char* at, Py_ssize_t size) noexcept:
    cdef Py_ssize_t i
    for i in range(size):
        if at[i] & 0x80:
            return False
    return True

// Reference for hotpath.pages: the standard library's binary search over the viewer's sorted ids, and strings appended
// slot by slot into one of the size counted before. The format of the blob is explained in hotpath/pure/pages.py.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace {

constexpr char kPrefixSlot = '\x01';
enum Mark : char { kHidden, kShown, kElsewhere };

struct Text {
    const char* data;
    int64_t size;

    std::string_view view() const { return {data, static_cast<size_t>(size)}; }
};

struct Card {
    Text video_id, raw, media_version;
    int64_t body_at;        // in `raw`, behind the header
    const uint32_t* slots;  // where they are in `raw`
    int64_t slot_count;

    char visibility() const { return raw.data[21]; }
    bool active() const { return raw.data[22] == 'A'; }
    const char* author() const { return raw.data + 27; }
};

struct Input {
    const Card* cards;
    int64_t count;
    Text blob, viewer;
    int64_t rule, limit;
    Text flags[8], prefix, head, tail;
};

struct Id {
    char text[26];

    bool operator<(const Id& other) const { return std::memcmp(text, other.text, sizeof text) < 0; }
};

struct Ids {
    const Id* begin;
    const Id* end;

    bool hold(const char* id) const { return std::binary_search(begin, end, *reinterpret_cast<const Id*>(id)); }
};

struct Viewer {
    std::string_view floor;
    Ids liked, saved, following, friends, blocked, muted;
};

// The msgpack that a blob's header is made of.
struct Header {
    const uint8_t* at;

    uint32_t number() {
        const uint8_t kind = *at++;
        if (kind < 0x80) return kind;
        uint32_t value = 0;
        for (int left = 1 << (kind - 0xcc); left > 0; --left) value = value << 8 | *at++;
        return value;
    }

    std::string_view text() {
        const size_t size = *at & 0x1f;
        const auto* data = reinterpret_cast<const char*>(at + 1);
        at += 1 + size;
        return {data, size};
    }
};

bool unpack(const Text& blob, Viewer& viewer) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(blob.data);
    Header header{bytes + 2};
    if (*header.at++ != 0x94 || header.number() != 1) return false;
    const std::string_view liked_since = header.text(), saved_since = header.text();
    viewer.floor = std::max(liked_since, saved_since);
    if (*header.at++ != 0x96) return false;
    const auto* ids = reinterpret_cast<const Id*>(bytes + 2 + (bytes[0] << 8 | bytes[1]));
    for (Ids* set : {&viewer.liked, &viewer.saved, &viewer.following, &viewer.friends, &viewer.blocked, &viewer.muted}) {
        set->begin = ids;
        ids += header.number();
        set->end = ids;
    }
    return reinterpret_cast<const char*>(ids) == blob.data + blob.size;
}

Mark judge(const Card& card, const Input& in, const Viewer& viewer) {
    const bool own = std::memcmp(card.author(), in.viewer.data, sizeof(Id)) == 0;
    if (!card.active() || viewer.muted.hold(card.author())) return kHidden;
    if (!own && viewer.blocked.hold(card.author())) return kHidden;
    if (in.rule == 1 && !viewer.following.hold(card.author())) return kHidden;
    if (card.visibility() == 'P') return kShown;
    return own || (card.visibility() == 'F' && viewer.friends.hold(card.author())) ? kElsewhere : kHidden;
}

__attribute__((noinline)) std::string visibility(const Input& in) {
    Viewer viewer;
    if (!unpack(in.blob, viewer)) return {};
    std::string marks(in.count, kHidden);
    for (int64_t i = 0; i < in.count; ++i) {
        marks[i] = judge(in.cards[i], in, viewer);
        if (marks[i] == kShown && in.cards[i].video_id.view() <= viewer.floor) marks[i] = kElsewhere;
    }
    return marks;
}

const Text& flags_of(const Card& card, const Input& in, const Viewer& viewer) {
    const char* bare_id = card.video_id.data + 4;
    return in.flags[viewer.liked.hold(bare_id) | viewer.saved.hold(bare_id) << 1 |
                    viewer.following.hold(card.author()) << 2];
}

// `base` is what media addresses begin with.
void fill(const Card& card, const Text& flags, std::string_view base, std::string& page) {
    const std::string_view raw = card.raw.view();
    size_t at = card.body_at;
    for (int64_t i = 0; i < card.slot_count; ++i) {
        const size_t slot = card.slots[i];
        page.append(raw, at, slot - at).append(raw[slot] == kPrefixSlot ? base : flags.view());
        at = slot + 1;
    }
    page.append(raw, at);
}

__attribute__((noinline)) std::string page(const Input& in) {
    Viewer viewer;
    if (!unpack(in.blob, viewer)) return {};
    for (int64_t i = 0; i < in.count; ++i)
        if (judge(in.cards[i], in, viewer) != kShown) return {};
    const int64_t shown = std::min(in.count, in.limit);
    size_t size = in.head.size + in.tail.size + 2 + shown;
    for (int64_t i = 0; i < shown; ++i) {
        if (in.cards[i].video_id.view() <= viewer.floor) return {};
        const Card& card = in.cards[i];
        const int64_t base = in.prefix.size + card.video_id.size + card.media_version.size + 2;
        size += card.raw.size + card.slot_count * base + in.flags[0].size;
    }
    std::string whole, base;
    whole.reserve(size);
    whole.append(in.head.view()) += '[';
    for (int64_t i = 0; i < shown; ++i) {
        if (i > 0) whole += ',';
        const Card& card = in.cards[i];
        base.assign(in.prefix.view()) += '/';
        (base.append(card.video_id.view()) += '/').append(card.media_version.view());
        fill(card, flags_of(card, in, viewer), base, whole);
    }
    return (whole += ']').append(in.tail.view());
}

int64_t run(std::string (*made)(const Input&), const Input* inputs, int64_t count, int64_t times) {
    int64_t sum = 0;
    for (int64_t round = 0; round < times; ++round)
        for (int64_t i = 0; i < count; ++i) sum += static_cast<int64_t>(made(inputs[i]).size());
    return sum;
}

void answer(const std::string& made, void (*take)(const char*, int64_t)) {
    take(made.data(), static_cast<int64_t>(made.size()));
}

}  // namespace

extern "C" int64_t visibility_run(const Input* inputs, int64_t count, int64_t times) {
    return run(visibility, inputs, count, times);
}

extern "C" int64_t page_run(const Input* inputs, int64_t count, int64_t times) {
    return run(page, inputs, count, times);
}

// Each hands its answer to `take`.
extern "C" void visibility_answer(const Input* input, void (*take)(const char*, int64_t)) {
    answer(visibility(*input), take);
}

extern "C" void page_answer(const Input* input, void (*take)(const char*, int64_t)) { answer(page(*input), take); }

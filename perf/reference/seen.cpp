// Reference for hotpath.seen: both generations decoded bit after bit by a reader of words, what is asked for sorted by
// std::sort, and one walk over two sorted lists. The format is in hotpath/pure/seen.py.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <utility>
#include <vector>

namespace {

constexpr int kIdBytes = 30, kMarkBytes = 3, kHashBits = 23, kHeader = 16;
constexpr size_t kGenerationItems = 10000;

struct Input {
    const char* kept;
    int64_t kept_size;
    const char* ids;
    int64_t ids_size;
    int64_t now_ms;
};

struct Filter {
    uint64_t stamp;
    uint16_t new_items, new_bytes, old_items, old_bytes;
    const uint8_t *fresh, *old, *tail, *end;
};

Filter parse(const Input& in) {
    const auto* at = reinterpret_cast<const uint8_t*>(in.kept);
    Filter f;
    std::memcpy(&f.stamp, at, 8);
    std::memcpy(&f.new_items, at + 8, 2);
    std::memcpy(&f.new_bytes, at + 10, 2);
    std::memcpy(&f.old_items, at + 12, 2);
    std::memcpy(&f.old_bytes, at + 14, 2);
    f.fresh = at + kHeader;
    f.old = f.fresh + f.new_bytes;
    f.tail = f.old + f.old_bytes;
    f.end = at + in.kept_size;
    return f;
}

uint32_t hash(const char* id) {
    uint64_t mixed = 0;
    for (int at : {0, 8, 16, kIdBytes - 8}) {
        uint64_t word;
        std::memcpy(&word, id + at, 8);
        mixed = (mixed ^ word) * 0x9E3779B97F4A7C15ULL;
        mixed ^= mixed >> 32;
    }
    return static_cast<uint32_t>((mixed * 0xFF51AFD7ED558CCDULL) >> (64 - kHashBits));
}

int low_bits(size_t items) {
    return items == 0 ? 0 : 63 - __builtin_clzll((uint64_t{1} << kHashBits) / items);
}

class Reader {  // of bits, the least significant first
public:
    Reader(const uint8_t* at, size_t size) : bytes_(at, at + size) { bytes_.resize(size + 16); }

    uint32_t gap(int low) {
        uint32_t zeros = 0;
        uint64_t word = load();
        while (word == 0) {
            zeros += 56 - (bit_ & 7);
            bit_ += 56 - (bit_ & 7);
            word = load();
        }
        const int run = __builtin_ctzll(word);
        bit_ += run + 1;
        const uint64_t rest = load();
        bit_ += low;
        return (zeros + run) << low | (rest & ((uint64_t{1} << low) - 1));
    }

private:
    uint64_t load() const {
        uint64_t word;
        std::memcpy(&word, bytes_.data() + bit_ / 8, 8);
        return (word & 0xFFFFFFFFFFFFFF) >> (bit_ & 7);
    }

    std::vector<uint8_t> bytes_;
    size_t bit_ = 0;
};

std::vector<uint32_t> decode(const uint8_t* at, size_t size, size_t items) {
    Reader reader(at, size);
    const int low = low_bits(items);
    std::vector<uint32_t> hashes;
    hashes.reserve(items);
    uint32_t next = 0;
    for (size_t i = 0; i < items; ++i) {
        next += reader.gap(low);
        hashes.push_back(next++);
    }
    return hashes;
}

std::vector<uint8_t> encode(const std::vector<uint32_t>& hashes) {
    const int low = low_bits(hashes.size());
    std::vector<uint8_t> bytes(hashes.size() * 3 + 16);
    size_t bit = 0;
    uint32_t next = 0;
    for (const uint32_t hash : hashes) {
        const uint64_t gap = hash - next;
        next = hash + 1;
        bit += gap >> low;
        uint64_t word;
        std::memcpy(&word, bytes.data() + bit / 8, 8);
        word |= (1 | (gap & ((uint64_t{1} << low) - 1)) << 1) << (bit % 8);
        std::memcpy(bytes.data() + bit / 8, &word, 8);
        bit += 1 + low;
    }
    bytes.resize((bit + 7) / 8);
    return bytes;
}

std::vector<uint32_t> appended(const Filter& f) {
    std::vector<uint32_t> marks;
    for (const uint8_t* at = f.tail; at < f.end; at += kMarkBytes)
        marks.push_back((at[0] | at[1] << 8 | at[2] << 16) & ((1u << kHashBits) - 1));
    return marks;
}

std::vector<uint32_t> hashes_of(const Input& in) {
    std::vector<uint32_t> marks;
    marks.reserve(in.ids_size / kIdBytes);
    for (int64_t at = 0; at < in.ids_size; at += kIdBytes) marks.push_back(hash(in.ids + at));
    return marks;
}

using Wanted = std::vector<std::pair<uint32_t, uint32_t>>;  // hash, place

void find(const std::vector<uint32_t>& known, const Wanted& wanted, std::vector<uint8_t>& found) {
    auto at = known.begin();
    for (const auto& [mark, place] : wanted) {
        while (at != known.end() && *at < mark) ++at;
        if (at == known.end()) return;
        if (*at == mark) found[place] = 1;
    }
}

__attribute__((noinline)) std::vector<uint8_t> contains(const Input& in) {
    const Filter f = parse(in);
    const std::vector<uint32_t> marks = hashes_of(in);
    Wanted wanted;
    wanted.reserve(marks.size());
    for (size_t i = 0; i < marks.size(); ++i) wanted.emplace_back(marks[i], i);
    std::sort(wanted.begin(), wanted.end());
    std::vector<uint8_t> found(marks.size());
    std::vector<uint32_t> tail = appended(f);
    std::sort(tail.begin(), tail.end());
    find(tail, wanted, found);
    find(decode(f.fresh, f.new_bytes, f.new_items), wanted, found);
    find(decode(f.old, f.old_bytes, f.old_items), wanted, found);
    return found;
}

// Of the two reasons to rotate only a full generation: the inputs of the figure are younger than a week.
__attribute__((noinline)) std::vector<uint8_t> add(const Input& in) {
    const Filter f = parse(in);
    uint64_t stamp = f.stamp;
    std::vector<uint32_t> fresh = decode(f.fresh, f.new_bytes, f.new_items);
    std::vector<uint8_t> old(f.old, f.old + f.old_bytes);
    size_t old_items = f.old_items;
    for (std::vector<uint32_t> marks : {appended(f), hashes_of(in)}) {
        for (size_t first = 0; first < marks.size();) {
            const size_t some = std::min(marks.size() - first, kGenerationItems - fresh.size());
            std::sort(marks.begin() + first, marks.begin() + first + some);
            std::vector<uint32_t> merged;
            merged.reserve(fresh.size() + some);
            std::merge(fresh.begin(), fresh.end(), marks.begin() + first, marks.begin() + first + some,
                       std::back_inserter(merged));
            merged.erase(std::unique(merged.begin(), merged.end()), merged.end());
            fresh = std::move(merged);
            first += some;
            if (fresh.size() == kGenerationItems) {
                old = encode(fresh);
                old_items = fresh.size();
                fresh.clear();
                stamp = (f.stamp >> 56) << 56 | static_cast<uint64_t>(in.now_ms);
            }
        }
    }
    const std::vector<uint8_t> code = encode(fresh);
    const uint16_t sizes[4] = {static_cast<uint16_t>(fresh.size()), static_cast<uint16_t>(code.size()),
                               static_cast<uint16_t>(old_items), static_cast<uint16_t>(old.size())};
    std::vector<uint8_t> out(kHeader + code.size() + old.size());
    std::memcpy(out.data(), &stamp, 8);
    std::memcpy(out.data() + 8, sizes, 8);
    std::copy(code.begin(), code.end(), out.begin() + kHeader);
    std::copy(old.begin(), old.end(), out.begin() + kHeader + code.size());
    return out;
}

template <typename Work>
int64_t repeat(Work work, const Input* inputs, int64_t count, int64_t times) {
    int64_t sum = 0;
    for (int64_t round = 0; round < times; ++round)
        for (int64_t i = 0; i < count; ++i) sum += work(inputs[i]).back();
    return sum;
}

}  // namespace

extern "C" int64_t seen_contains_run(const Input* inputs, int64_t count, int64_t times) {
    return repeat(contains, inputs, count, times);
}

extern "C" int64_t seen_add_run(const Input* inputs, int64_t count, int64_t times) {
    return repeat(add, inputs, count, times);
}

// Write their bytes to `out`; return their number.
extern "C" int64_t seen_contains_answer(const Input* input, uint8_t* out) {
    const auto answer = contains(*input);
    std::copy(answer.begin(), answer.end(), out);
    return static_cast<int64_t>(answer.size());
}

extern "C" int64_t seen_add_answer(const Input* input, uint8_t* out) {
    const auto answer = add(*input);
    std::copy(answer.begin(), answer.end(), out);
    return static_cast<int64_t>(answer.size());
}

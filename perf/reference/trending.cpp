// Reference for hotpath.trending.top: one pass that decays every row to now, drops what scores below 100 and keeps the
// best in a bounded heap of the standard library. The rule is in hotpath/pure/trending.py.
#include <algorithm>
#include <cstdint>
#include <queue>
#include <vector>

namespace {

constexpr int64_t kUnitsPerPoint = 72'000;
constexpr int64_t kUnitsPerTick = 3'600'000;
constexpr int64_t kTickMs = 300'000;
constexpr int64_t kMinScore = 100;
constexpr int64_t kMaxPoints = 100'000'000'000'000;

struct Input {
    const int64_t* points;
    const int64_t* published;  // ms since 1970
    int64_t rows;
    int64_t now_ms;
    int64_t limit;
};

struct Entry {
    int64_t exact;  // the score now, in units
    int64_t published;
    int64_t position;

    bool better_than(const Entry& other) const {
        if (exact != other.exact) return exact > other.exact;
        if (published != other.published) return published > other.published;
        return position < other.position;
    }
};

struct WorstOnTop {
    bool operator()(const Entry& a, const Entry& b) const { return a.better_than(b); }
};

inline int64_t faded(int64_t time_ms) { return time_ms + kUnitsPerTick * (time_ms / kTickMs); }

// Best first; false for points beyond the bound.
__attribute__((noinline)) bool top(const Input& in, std::vector<Entry>& out) {
    const auto limit = static_cast<size_t>(std::min(in.limit, in.rows));
    const int64_t faded_now = faded(in.now_ms);
    std::vector<Entry> room;
    room.reserve(limit + 1);
    std::priority_queue<Entry, std::vector<Entry>, WorstOnTop> heap(WorstOnTop(), std::move(room));
    for (int64_t i = 0; i < in.rows && limit > 0; ++i) {
        if (in.points[i] > kMaxPoints) return false;
        const int64_t published = std::clamp<int64_t>(in.published[i], 0, in.now_ms);
        const Entry row{kUnitsPerPoint * in.points[i] + faded(published) - faded_now, published, i};
        if (row.exact < kMinScore * kUnitsPerPoint) continue;
        if (heap.size() < limit) {
            heap.push(row);
        } else if (row.better_than(heap.top())) {
            heap.pop();
            heap.push(row);
        }
    }
    out.resize(heap.size());
    for (size_t i = heap.size(); i-- > 0; heap.pop()) out[i] = heap.top();
    return true;
}

}  // namespace

extern "C" int64_t trending_run(const Input* inputs, int64_t count, int64_t times) {
    int64_t sum = 0;
    for (int64_t round = 0; round < times; ++round) {
        for (int64_t i = 0; i < count; ++i) {
            std::vector<Entry> best;
            sum += top(inputs[i], best) ? static_cast<int64_t>(best.size()) : -1;
        }
    }
    return sum;
}

// Writes at most `limit` positions and scores, rounded down; returns their number, or -1 for points beyond the bound.
extern "C" int64_t trending_answer(const Input* input, int64_t* positions, int64_t* scores) {
    std::vector<Entry> best;
    if (!top(*input, best)) return -1;
    for (size_t i = 0; i < best.size(); ++i) {
        positions[i] = best[i].position;
        scores[i] = best[i].exact / kUnitsPerPoint;
    }
    return static_cast<int64_t>(best.size());
}

// Reference for hotpath.fanout.encode: the active followers by a test of their bit, then each command written into
// memory of its exact size. The format is in hotpath/pure/fanout.py. A run allocates and frees its commands, as the
// kernel's caller does.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int64_t kIdBytes = 30;

struct Text {
    const char* data;
    int64_t size;

    std::string_view view() const { return {data, static_cast<size_t>(size)}; }
};

struct Input {
    const char* followers;  // 30 bytes each
    const uint32_t* user_nos;
    int64_t count;
    Text active;  // offset 0 is the most significant bit of the first byte
    Text sha, prefix, member;
    int64_t score, keep, batch_keys;
};

struct Command {
    std::unique_ptr<char[]> bytes;
    size_t size;
    int64_t keys;
};

std::string bulk(std::string_view word) {
    return "$" + std::to_string(word.size()) + "\r\n" + std::string(word) + "\r\n";
}

inline char* put(char* at, std::string_view text) {
    std::memcpy(at, text.data(), text.size());
    return at + text.size();
}

std::vector<const char*> active_followers(const Input& in) {
    std::vector<const char*> chosen;
    chosen.reserve(in.count);
    for (int64_t i = 0; i < in.count; ++i) {
        const uint32_t user_no = in.user_nos[i];
        if (user_no / 8 < in.active.size && (in.active.data[user_no / 8] >> (7 - user_no % 8)) & 1)
            chosen.push_back(in.followers + i * kIdBytes);
    }
    return chosen;
}

__attribute__((noinline)) std::vector<Command> encode(const Input& in) {
    const std::vector<const char*> chosen = active_followers(in);
    const auto batch = static_cast<size_t>(in.batch_keys);
    const std::string key_head = "$" + std::to_string(in.prefix.size + kIdBytes) + "\r\n" + std::string(in.prefix.view());
    const std::string tail = bulk(std::to_string(in.score)) + bulk(in.member.view()) + bulk(std::to_string(in.keep));
    std::vector<Command> commands;
    commands.reserve((chosen.size() + batch - 1) / batch);
    for (size_t first = 0; first < chosen.size(); first += batch) {
        const size_t keys = std::min(batch, chosen.size() - first);
        const std::string head = "*" + std::to_string(keys + 6) + "\r\n" + bulk("EVALSHA") + bulk(in.sha.view()) +
                                 bulk(std::to_string(keys));
        const size_t size = head.size() + keys * (key_head.size() + kIdBytes + 2) + tail.size();
        std::unique_ptr<char[]> bytes(new char[size]);
        char* at = put(bytes.get(), head);
        for (size_t i = first; i < first + keys; ++i) {
            at = put(at, key_head);
            at = put(at, {chosen[i], kIdBytes});
            at = put(at, "\r\n");
        }
        put(at, tail);
        commands.push_back({std::move(bytes), size, static_cast<int64_t>(keys)});
    }
    return commands;
}

}  // namespace

extern "C" int64_t fanout_run(const Input* inputs, int64_t count, int64_t times) {
    int64_t sum = 0;
    for (int64_t round = 0; round < times; ++round)
        for (int64_t i = 0; i < count; ++i) sum += static_cast<int64_t>(encode(inputs[i]).size());
    return sum;
}

// Hands each command to `take` (its bytes, their number, its keys), in order.
extern "C" void fanout_answer(const Input* input, void (*take)(const char*, int64_t, int64_t)) {
    for (const Command& command : encode(*input))
        take(command.bytes.get(), static_cast<int64_t>(command.size), command.keys);
}

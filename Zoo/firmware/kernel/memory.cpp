#include "memory.hpp"

#include <cstring>

namespace {
constexpr unsigned okay = 0, decodeError = 3; // AXI's responses
constexpr unsigned incrementing = 1;          // AXI's burst type
}

Port::Port(kernel_translate translate, void *context, unsigned bytes, uint64_t salt)
    : bytes_(bytes), translate_(translate), context_(context), salt_(salt) {}

void Port::set(kernel_memory memory) {
    settings_ = memory;
    random_ = (memory.seed ^ salt_) | 1;
}

// xorshift64 of Marsaglia: cheap, and the same stalls for a seed on every machine.
bool Port::stalls() {
    if (settings_.stall_percent == 0) return false;
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return (random_ >> 32) % 100 < settings_.stall_percent;
}

void Port::broken(const char *rule) {
    if (!violation_) violation_ = rule;
}

void Port::check(const Request &request, bool accepted) {
    if (pending_.valid && (!request.valid || request.address != pending_.address
                           || request.beats != pending_.beats))
        broken("a request changed before it was accepted");
    pending_ = request;
    pending_.valid = request.valid && !accepted;
    if (!request.valid) return;
    if (1u << request.size != bytes_) broken("beats are not as wide as the bus");
    if (request.kind != incrementing) broken("a burst is not incrementing");
    if (request.address % bytes_) broken("a burst does not begin at a beat");
    uint64_t end = request.address + uint64_t(request.beats) * bytes_ - 1;
    if (request.address / pageBytes != end / pageBytes) broken("a burst crosses 4 KiB");
}

ReadPort::Offer ReadPort::offer(uint64_t clock) {
    offer_.requestReady = bursts_.size() < maximumBursts && !stalls();
    // What is offered and not taken stands.
    if (offer_.valid) return offer_;
    if (bursts_.empty() || clock < bursts_.front().due || stalls()) return offer_;
    const Burst &burst = bursts_.front();
    offer_.valid = true;
    offer_.last = burst.beats == 1;
    offer_.data = memory(burst.address);
    offer_.response = offer_.data ? okay : decodeError;
    return offer_;
}

void ReadPort::edge(uint64_t clock, const Request &request, bool ready) {
    bool accepted = request.valid && offer_.requestReady;
    check(request, accepted);
    if (offer_.valid && ready) {
        offer_.valid = false;
        Burst &burst = bursts_.front();
        burst.address += bytes_;
        if (--burst.beats == 0) bursts_.pop_front();
    }
    if (accepted)
        bursts_.push_back({request.address, request.beats, clock + settings_.latency_clocks});
}

WritePort::Offer WritePort::offer(uint64_t clock) {
    offer_.requestReady = bursts_.size() < maximumBursts && !stalls();
    offer_.dataReady = !bursts_.empty() && !stalls();
    if (offer_.answered) return offer_;
    if (answers_.empty() || clock < answers_.front().due || stalls()) return offer_;
    offer_.answered = true;
    offer_.response = answers_.front().response;
    return offer_;
}

void WritePort::edge(uint64_t clock, const Request &request, bool valid, bool last,
                     const void *data, bool ready) {
    if (offer_.answered && ready) {
        offer_.answered = false;
        answers_.pop_front();
    }
    if (valid && offer_.dataReady) {
        Burst &burst = bursts_.front();
        if (last != (burst.beats == 1)) broken("the last beat is not marked as such");
        if (void *at = memory(burst.address))
            std::memcpy(at, data, bytes_);
        else
            response_ = decodeError;
        burst.address += bytes_;
        if (--burst.beats == 0) {
            bursts_.pop_front();
            answers_.push_back({clock + settings_.latency_clocks, response_});
            response_ = okay;
        }
    }
    bool accepted = request.valid && offer_.requestReady;
    check(request, accepted);
    if (accepted) bursts_.push_back({request.address, request.beats, clock});
}

#pragma once

#include "simulation.h"

#include <cstdint>
#include <deque>

// A burst that a kernel asked for, at its next beat.
struct Burst {
    uint64_t address;
    unsigned beats;
    uint64_t due; // the clock of its first beat
};

// What an address channel carries.
struct Request {
    bool valid;
    uint64_t address;
    unsigned beats;
    unsigned size; // log2 of the bytes of a beat
    unsigned kind; // AXI's burst type
};

// What both directions share: latency, stalls, and the rules that requests keep.
class Port {
public:
    Port(kernel_translate translate, void *context, unsigned bytes, uint64_t salt);

    void set(kernel_memory memory);
    // The first rule that was broken.
    const char *violation() const { return violation_; }

protected:
    static constexpr unsigned maximumBursts = 16; // that wait at once
    static constexpr uint64_t pageBytes = 4096;

    bool stalls();
    void check(const Request &request, bool accepted);
    void broken(const char *rule);
    void *memory(uint64_t address) const { return translate_(context_, address, bytes_); }

    const unsigned bytes_;
    kernel_memory settings_{};

private:
    kernel_translate translate_;
    void *context_;
    const uint64_t salt_;
    uint64_t random_ = 1;
    Request pending_{};
    const char *violation_ = nullptr;
};

// Answers read bursts, in order. Each clock: `offer`, the edge, `edge`.
class ReadPort : public Port {
public:
    using Port::Port;

    struct Offer {
        bool requestReady;
        bool valid;
        bool last;
        unsigned response;
        const void *data; // NULL when the response is an error
    };

    Offer offer(uint64_t clock);
    void edge(uint64_t clock, const Request &request, bool ready);

private:
    std::deque<Burst> bursts_;
    Offer offer_{};
};

// Takes write bursts, in order. Each clock: `offer`, the edge, `edge`.
class WritePort : public Port {
public:
    using Port::Port;

    struct Offer {
        bool requestReady;
        bool dataReady;
        bool answered;
        unsigned response;
    };

    Offer offer(uint64_t clock);
    void edge(uint64_t clock, const Request &request, bool valid, bool last, const void *data,
              bool ready);

private:
    struct Answer {
        uint64_t due;
        unsigned response;
    };

    std::deque<Burst> bursts_;
    std::deque<Answer> answers_;
    unsigned response_ = 0; // of the burst being taken
    Offer offer_{};
};

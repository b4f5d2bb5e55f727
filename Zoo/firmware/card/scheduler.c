#define _GNU_SOURCE
#include "card.h"

#include <errno.h>
#include <ert.h>
#include <time.h>

/* How often a hung run and a wait look whether the card is gone. */
static const long LOOK_NANOSECONDS = 5000000;

/* Offsets of the arguments that are addresses, in words. */
enum { INPUT_WORD = 4, OUTPUT_WORD = 7, ARGUMENT_WORDS = 11 };

/* A command and the buffers it pins. */
struct command {
    struct card *card;
    struct card_buffer *packet, *input, *output;
    uint64_t input_address, output_address;
    bool bus_fails;
};

static uint64_t address(const uint32_t *registers, unsigned word) {
    return registers[word] | (uint64_t)registers[word + 1] << 32;
}

static struct timespec later(long nanoseconds) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_nsec += nanoseconds;
    time.tv_sec += time.tv_nsec / 1000000000;
    time.tv_nsec %= 1000000000;
    return time;
}

static void *within(struct card_buffer *buffer, uint64_t at, size_t bytes) {
    if (!buffer || at < buffer->address || at - buffer->address + bytes > buffer->bytes)
        return NULL;
    return buffer->device + (at - buffer->address);
}

/* Only the two buffers of the run are memory for the kernel; they are pinned, so no lock. */
static void *translated(void *context, uint64_t at, size_t bytes) {
    struct command *command = context;
    if (command->bus_fails) {
        command->bus_fails = false;
        return NULL;
    }
    void *found = within(command->input, at, bytes);
    return found ? found : within(command->output, at, bytes);
}

static bool cancelled(void *context) {
    struct command *command = context;
    return __atomic_load_n(&command->card->closing, __ATOMIC_SEQ_CST)
        || card_page_gone(command->card->page);
}

/* Blocks the compute unit until the card is closed or gone. */
static void hang(struct card *card) {
    pthread_mutex_lock(&card->lock);
    while (!card->closing && !card_page_gone(card->page)) {
        struct timespec limit = later(LOOK_NANOSECONDS);
        pthread_cond_timedwait(&card->work, &card->lock, &limit);
    }
    pthread_mutex_unlock(&card->lock);
}

static enum ert_cmd_state simulated(struct command *command, const uint32_t *registers,
                                    size_t count) {
    struct card *card = command->card;
    struct compute_unit_run run = {registers, count, translated, command, cancelled};
    struct compute_unit_cost cost = {0, 0};
    int result = compute_unit_run(card->unit, &run, &cost);
    card->page->runs++;
    card->page->clocks += cost.clocks;
    card->page->kernel_nanoseconds += cost.nanoseconds;
    if (result == -ECANCELED) return ERT_CMD_STATE_ABORT;
    return result == 0 ? ERT_CMD_STATE_COMPLETED : ERT_CMD_STATE_ERROR;
}

static enum ert_cmd_state executed(struct command *command) {
    struct card *card = command->card;
    const struct ert_start_kernel_cmd *packet = (const void *)command->packet->host;
    const uint32_t *registers = packet->data + packet->extra_cu_masks;
    size_t masks = 1 + packet->extra_cu_masks;
    if (packet->opcode != ERT_START_CU || packet->count < masks + ARGUMENT_WORDS)
        return ERT_CMD_STATE_ERROR;
    pthread_mutex_lock(&card->lock);
    command->input = card_buffer_at(card, address(registers, INPUT_WORD));
    command->output = card_buffer_at(card, address(registers, OUTPUT_WORD));
    if (command->input) command->input->pins++;
    if (command->output) command->output->pins++;
    pthread_mutex_unlock(&card->lock);

    if (card_page_fails(card->page, FAULT_HANG)) {
        hang(card);
        return ERT_CMD_STATE_ABORT;
    }
    if (card_page_fails(card->page, FAULT_WAIT)) return ERT_CMD_STATE_ABORT;
    command->bus_fails = card_page_fails(card->page, FAULT_BUS);
    enum ert_cmd_state state = simulated(command, registers, packet->count - masks);
    uint32_t *first = within(command->output, address(registers, OUTPUT_WORD), sizeof *first);
    if (first && card_page_fails(card->page, FAULT_BITS)) *first ^= 1;
    if (card_page_fails(card->page, FAULT_STATE)) return ERT_CMD_STATE_ERROR;
    return state;
}

/* XRT reads the state from the packet at any time. */
static void set_state(struct card_buffer *packet, enum ert_cmd_state state) {
    struct ert_packet *header = (void *)packet->host;
    struct ert_packet changed = {.header = header->header};
    changed.state = state;
    __atomic_store_n(&header->header, changed.header, __ATOMIC_RELEASE);
}

/* The lock must be held. */
static void finish(struct command *command, enum ert_cmd_state state) {
    struct card *card = command->card;
    set_state(command->packet, state);
    card->page->pending_runs--;
    card_buffer_unpin(card, command->packet);
    if (command->input) card_buffer_unpin(card, command->input);
    if (command->output) card_buffer_unpin(card, command->output);
    card->progressed = true;
    pthread_cond_broadcast(&card->progress);
}

static void *schedule(void *argument) {
    struct card *card = argument;
    pthread_mutex_lock(&card->lock);
    while (true) {
        while (!card->closing && card->queue_count == 0)
            pthread_cond_wait(&card->work, &card->lock);
        if (card->queue_count == 0) break;
        unsigned index = card->queue[card->queue_first];
        card->queue_first = (card->queue_first + 1) % CARD_BUFFERS;
        card->queue_count--;
        struct command command = {.card = card, .packet = &card->buffers[index - 1]};
        enum ert_cmd_state state = ERT_CMD_STATE_ABORT;
        if (!card->closing) {
            set_state(command.packet, ERT_CMD_STATE_RUNNING);
            pthread_mutex_unlock(&card->lock);
            state = executed(&command);
            pthread_mutex_lock(&card->lock);
        }
        finish(&command, state);
    }
    pthread_mutex_unlock(&card->lock);
    return NULL;
}

static void destroy(struct card *card) {
    pthread_cond_destroy(&card->work);
    pthread_cond_destroy(&card->progress);
    pthread_mutex_destroy(&card->lock);
}

int card_scheduler_open(struct card *card) {
    pthread_condattr_t monotonic;
    pthread_mutex_init(&card->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&card->work, &monotonic);
    pthread_cond_init(&card->progress, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int result = pthread_create(&card->scheduler, NULL, schedule, card);
    if (result != 0) destroy(card);
    return -result;
}

void card_scheduler_close(struct card *card) {
    pthread_mutex_lock(&card->lock);
    __atomic_store_n(&card->closing, true, __ATOMIC_SEQ_CST);
    pthread_cond_broadcast(&card->work);
    pthread_mutex_unlock(&card->lock);
    pthread_join(card->scheduler, NULL);
    destroy(card);
}

int card_submit(struct card *card, unsigned handle) {
    int result = -EINVAL;
    pthread_mutex_lock(&card->lock);
    struct card_buffer *packet = card_buffer_find(card, handle);
    if (card->queue_count == CARD_BUFFERS) {
        result = -EBUSY;
    } else if (packet && card->unit && packet->bytes >= sizeof(struct ert_start_kernel_cmd)) {
        packet->pins++;
        card->queue[(card->queue_first + card->queue_count) % CARD_BUFFERS] = handle;
        card->queue_count++;
        card->page->pending_runs++;
        pthread_cond_signal(&card->work);
        result = 0;
    }
    pthread_mutex_unlock(&card->lock);
    return result;
}

int card_wait(struct card *card, int milliseconds) {
    struct timespec limit = later(0);
    limit.tv_sec += milliseconds / 1000;
    limit.tv_nsec += milliseconds % 1000 * 1000000l;
    limit.tv_sec += limit.tv_nsec / 1000000000;
    limit.tv_nsec %= 1000000000;
    int result = 0;
    pthread_mutex_lock(&card->lock);
    while (!card->progressed && result == 0)
        if (milliseconds < 0) pthread_cond_wait(&card->progress, &card->lock);
        else result = pthread_cond_timedwait(&card->progress, &card->lock, &limit);
    bool progressed = card->progressed;
    card->progressed = false;
    pthread_mutex_unlock(&card->lock);
    return progressed ? 1 : 0;
}

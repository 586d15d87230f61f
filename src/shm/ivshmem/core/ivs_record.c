/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Encoding, checking and folding of the messages in ivs_record.h. Invariant: a struct that came
 * out of a decoder has a valid magic, values in range, and printable terminated strings.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ivs_record.h"
#include "ivs_shape.h"

#define CLAIM_MAGIC UINT32_C(0x31435649)
#define OFFER_MAGIC UINT32_C(0x314f5649)
#define VERDICT_MAGIC UINT32_C(0x31565649)
#define NOTE_MAGIC UINT32_C(0x314e5649)

IVL_STATIC_ASSERT(sizeof(struct ivs_claim) * 2 < IVS_TEXT_BYTES, "claim fits a value");
IVL_STATIC_ASSERT(sizeof(struct ivs_offer) * 2 < IVS_TEXT_BYTES, "offer fits a value");
IVL_STATIC_ASSERT(sizeof(struct ivs_verdict) * 2 < IVS_TEXT_BYTES, "verdict fits a value");
IVL_STATIC_ASSERT(sizeof(struct ivs_note) * 2 < IVS_TEXT_BYTES, "note fits a value");

static void hex_encode(const void *data, size_t bytes, char *text)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *in = data;

    for (size_t i = 0; i < bytes; i++) {
        text[2 * i] = digits[in[i] >> 4];
        text[2 * i + 1] = digits[in[i] & 15];
    }
    text[2 * bytes] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int hex_decode(const char *text, void *data, size_t bytes)
{
    uint8_t *out = data;

    if (strnlen(text, 2 * bytes + 1) != 2 * bytes) {
        return -EBADMSG;
    }
    for (size_t i = 0; i < bytes; i++) {
        int high = hex_digit(text[2 * i]);
        int low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return -EBADMSG;
        }
        out[i] = (uint8_t) (high << 4 | low);
    }
    return 0;
}

static bool printable(const char *text, size_t size)
{
    size_t length = strnlen(text, size);

    for (size_t i = 0; i < length; i++) {
        if (text[i] < ' ' || text[i] > '~') {
            return false;
        }
    }
    return length < size;
}

static void make_printable(char *text)
{
    for (char *c = text; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~') {
            *c = '?';
        }
    }
}

void ivs_reason_set(char reason[IVS_REASON_BYTES], const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(reason, IVS_REASON_BYTES, format, args);
    va_end(args);
    make_printable(reason);
}

void ivs_claim_encode(const struct ivs_claim *claim, char text[IVS_TEXT_BYTES])
{
    struct ivs_claim copy = *claim;

    copy.magic = CLAIM_MAGIC;
    hex_encode(&copy, sizeof(copy), text);
}

int ivs_claim_decode(const char *text, struct ivs_claim *claim)
{
    struct ivs_claim in;

    if (hex_decode(text, &in, sizeof(in)) != 0 || in.magic != CLAIM_MAGIC ||
        in.status < IVS_STATUS_READY || in.status > IVS_STATUS_NONE ||
        !printable(in.vm_name, sizeof(in.vm_name)) || !printable(in.reason, sizeof(in.reason))) {
        return -EBADMSG;
    }
    *claim = in;
    return 0;
}

void ivs_offer_encode(const struct ivs_offer *offer, char text[IVS_TEXT_BYTES])
{
    struct ivs_offer copy = *offer;

    copy.magic = OFFER_MAGIC;
    hex_encode(&copy, sizeof(copy), text);
}

int ivs_offer_decode(const char *text, struct ivs_offer *offer)
{
    struct ivs_offer in;

    if (hex_decode(text, &in, sizeof(in)) != 0 || in.magic != OFFER_MAGIC || in.ok > 1 ||
        !printable(in.reason, sizeof(in.reason))) {
        return -EBADMSG;
    }
    if (in.ok == 1 &&
        (in.cells < 2 || in.cells > IVS_CELLS_MAX || in.cell_bytes < IVS_CELL_BYTES_MIN ||
         in.cell_bytes > IVS_CELL_BYTES_MAX || in.cell_bytes % 64 != 0 || in.rings < 1 ||
         in.rings > IVS_RINGS_MAX || in.coll_kib > 1 << 21)) {
        return -EBADMSG;
    }
    *offer = in;
    return 0;
}

void ivs_verdict_encode(const struct ivs_verdict *verdict, char text[IVS_TEXT_BYTES])
{
    struct ivs_verdict copy = *verdict;

    copy.magic = VERDICT_MAGIC;
    hex_encode(&copy, sizeof(copy), text);
}

int ivs_verdict_decode(const char *text, struct ivs_verdict *verdict)
{
    struct ivs_verdict in;

    if (hex_decode(text, &in, sizeof(in)) != 0 || in.magic != VERDICT_MAGIC || in.ok > 1 ||
        !printable(in.reason, sizeof(in.reason))) {
        return -EBADMSG;
    }
    *verdict = in;
    return 0;
}

void ivs_note_encode(const struct ivs_note *note, char text[IVS_TEXT_BYTES])
{
    struct ivs_note copy = *note;

    copy.magic = NOTE_MAGIC;
    copy.text[sizeof(copy.text) - 1] = '\0';
    make_printable(copy.text);
    hex_encode(&copy, sizeof(copy), text);
}

int ivs_note_decode(const char *text, struct ivs_note *note)
{
    struct ivs_note in;

    if (hex_decode(text, &in, sizeof(in)) != 0 || in.magic != NOTE_MAGIC ||
        !printable(in.text, sizeof(in.text))) {
        return -EBADMSG;
    }
    *note = in;
    return 0;
}

static bool same_place(const struct ivs_claim *a, const struct ivs_claim *b)
{
    return memcmp(a->region_uuid, b->region_uuid, sizeof(a->region_uuid)) == 0 &&
           memcmp(a->boot_id, b->boot_id, sizeof(a->boot_id)) == 0 &&
           a->generation == b->generation && a->region_bytes == b->region_bytes &&
           a->vm_slot == b->vm_slot && a->vm_epoch == b->vm_epoch && a->page_bytes == b->page_bytes;
}

void ivs_claim_join(struct ivs_claim *node, const struct ivs_claim *rank_claim, int rank)
{
    if (node->coll_sum != rank_claim->coll_sum) {
        node->coll_mixed = 1;
    }
    if (node->status != IVS_STATUS_READY) {
        return;
    }
    if (rank_claim->status != IVS_STATUS_READY) {
        node->status = rank_claim->status;
        /* the rank's own text leaves room for the prefix by being cut */
        ivs_reason_set(node->reason, "rank %d: %.110s", rank, rank_claim->reason);
    } else if (!same_place(node, rank_claim)) {
        node->status = IVS_STATUS_NONE;
        ivs_reason_set(node->reason, "rank %d maps another region or VM entry than its node", rank);
    }
}

void ivs_verdict_join(struct ivs_verdict *node, const struct ivs_verdict *rank_verdict)
{
    if (node->ok == 1 && rank_verdict->ok != 1) {
        node->ok = 0;
        memcpy(node->reason, rank_verdict->reason, sizeof(node->reason));
    }
    for (size_t i = 0; i < sizeof(node->seen); i++) {
        node->seen[i] &= rank_verdict->seen[i];
    }
}

void ivs_seen_set(struct ivs_verdict *verdict, uint32_t index, bool seen)
{
    uint8_t bit = (uint8_t) (1u << (index % 8));

    if (index < IVS_NODES_MAX) {
        uint8_t byte = verdict->seen[index / 8];
        verdict->seen[index / 8] = (uint8_t) (seen ? byte | bit : byte & ~bit);
    }
}

bool ivs_seen_get(const struct ivs_verdict *verdict, uint32_t index)
{
    return index < IVS_NODES_MAX && (verdict->seen[index / 8] >> (index % 8) & 1) != 0;
}

/* Mixer of splitmix64 (Steele, Lea, Flood, OOPSLA 2014): a bijection, so ranks of a node never
 * share a nonce. */
uint64_t ivs_nonce(uint64_t node_nonce, uint32_t rank)
{
    uint64_t z = node_nonce + (uint64_t) (rank + 1) * UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

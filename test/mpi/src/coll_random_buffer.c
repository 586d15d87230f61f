/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Buffers with guards, and an image of what they must hold after a call (see coll_random.h).
 */
#include "coll_random.h"

#define GUARD 64 /* bytes at either end */
#define ALIGN 16

static size_t block_items(const struct block *block)
{
    return (size_t) block->count * (size_t) block->shape->items;
}

/* First byte, and the one behind the last, of all blocks. */
static void find_span(const struct buffer *buffer, MPI_Aint *low, MPI_Aint *high)
{
    *low = *high = 0;
    for (int i = 0; i < buffer->blocks; i++) {
        const struct block *block = &buffer->block[i];
        MPI_Aint first = block->at + block->shape->low;
        MPI_Aint last = block->at + (block->count - 1) * block->shape->extent + block->shape->high;

        if (block->count > 0) {
            *low = first < *low ? first : *low;
            *high = last > *high ? last : *high;
        }
    }
}

void buffer_make(struct buffer *buffer, struct call *call, bool absolute)
{
    MPI_Aint low, high, before;

    find_span(buffer, &low, &high);
    before = (GUARD - low + ALIGN - 1) / ALIGN * ALIGN;
    before += (MPI_Aint) rng_below(&call->own, 5) * ALIGN;
    buffer->bytes = (size_t) (before + high + GUARD);
    buffer->memory = check_alloc(buffer->bytes);
    buffer->image = check_alloc(buffer->bytes);
    memset(buffer->memory, 0x41 + 13 * check.rank + (int) (call->number % 7), buffer->bytes);
    memcpy(buffer->image, buffer->memory, buffer->bytes);
    buffer->pointer = buffer->origin = buffer->memory + before;
    buffer->image_origin = buffer->image + before;
    for (int i = 0; absolute && i < buffer->shapes; i++) {
        shape_move(&buffer->shape[i], buffer->origin);
        buffer->pointer = MPI_BOTTOM;
    }
    for (int i = 0; i < buffer->blocks; i++) {
        buffer->types[i] = buffer->block[i].shape->type;
    }
}

void buffer_free(struct buffer *buffer)
{
    for (int i = 0; i < buffer->shapes; i++) {
        shape_free(&buffer->shape[i]);
    }
    free(buffer->memory);
    free(buffer->image);
}

void buffer_put(uint8_t *origin, const struct block *block, size_t item, struct cell cell)
{
    basic_store(shape_basic(block->shape, item), cell,
                origin + block->at + shape_at(block->shape, item));
}

static void write_block(uint8_t *origin, const struct block *block, uint64_t stream)
{
    const struct shape *shape = block->shape;
    const struct signature *signature = shape->signature;
    size_t k = 0;

    for (int i = 0; i < block->count; i++) {
        uint8_t *instance = origin + block->at + i * shape->extent;

        for (int j = 0, unit = 0; j < shape->items; j++, k++) {
            const struct basic *basic = signature->of[unit];

            basic_store(basic, basic_value(basic, stream, k), instance + shape->at[j]);
            unit = unit + 1 == signature->items ? 0 : unit + 1;
        }
    }
}

void buffer_fill(struct buffer *buffer, int block, uint64_t stream)
{
    write_block(buffer->origin, &buffer->block[block], stream);
}

void buffer_expect(struct buffer *buffer, int block, uint64_t stream)
{
    write_block(buffer->image_origin, &buffer->block[block], stream);
}

void buffer_keep(struct buffer *buffer)
{
    memcpy(buffer->image, buffer->memory, buffer->bytes);
}

void buffer_forgive(struct buffer *buffer, int number, size_t item)
{
    const struct block *block = &buffer->block[number];

    for (; item < block_items(block); item++) {
        MPI_Aint at = block->at + shape_at(block->shape, item);

        basic_clean(shape_basic(block->shape, item), buffer->origin + at);
        memcpy(buffer->image_origin + at, buffer->origin + at,
               (size_t) shape_basic(block->shape, item)->bytes);
    }
}

/* The sign of a zero, and what is behind the significant bytes of a long double, may be any. */
static void clean(struct buffer *buffer)
{
    for (int i = 0; i < buffer->blocks; i++) {
        const struct block *block = &buffer->block[i];
        bool needed = false;

        for (int j = 0; j < block->shape->signature->items; j++) {
            needed |= block->shape->signature->of[j]->part == sizeof(long double) ||
                      block->shape->signature->of[j]->kind == KIND_COMPLEX;
        }
        for (size_t k = 0; needed && k < block_items(block); k++) {
            basic_clean(shape_basic(block->shape, k),
                        buffer->origin + block->at + shape_at(block->shape, k));
        }
    }
}

/* ---- what is wrong ---------------------------------------------------------------------------- */

/* The item that a byte belongs to, or false for a gap or a guard. */
static bool find_item(const struct buffer *buffer, MPI_Aint offset, int *number, size_t *item)
{
    for (int i = 0; i < buffer->blocks; i++) {
        const struct block *block = &buffer->block[i];

        for (size_t k = 0; k < block_items(block); k++) {
            MPI_Aint at = block->at + shape_at(block->shape, k);

            if (offset >= at && offset < at + shape_basic(block->shape, k)->bytes) {
                *number = i;
                *item = k;
                return true;
            }
        }
    }
    return false;
}

static const char *hex(char *text, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
    return text;
}

static void report(const struct buffer *buffer, const struct call *call, const char *what,
                   size_t wrong)
{
    MPI_Aint offset = buffer->memory + wrong - buffer->origin;
    char got[33], want[33], where[200] = "gap or guard";
    size_t item = 0, length = buffer->bytes - wrong < 8 ? buffer->bytes - wrong : 8;
    int number = 0;

    if (find_item(buffer, offset, &number, &item)) {
        snprintf(where, sizeof(where), "block %d item %zu (%s)", number, item,
                 shape_basic(buffer->block[number].shape, item)->name);
    }
    call_failed(call, "%s buffer (%s type): byte %ld, %s: expected %s, got %s", what,
                buffer->blocks > 0 ? buffer->block[number].shape->name : "no", (long) offset, where,
                hex(want, buffer->image + wrong, length), hex(got, buffer->memory + wrong, length));
}

void buffer_check(struct buffer *buffer, const struct call *call, const char *what)
{
    size_t wrong = 0;

    clean(buffer);
    if (memcmp(buffer->memory, buffer->image, buffer->bytes) == 0) {
        return;
    }
    while (buffer->memory[wrong] == buffer->image[wrong]) {
        wrong++;
    }
    report(buffer, call, what, wrong);
}

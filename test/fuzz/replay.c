/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Runs a fuzz target's property function over its corpus: every input that was ever of interest
 * is a normal test. Usage: fuzz_NAME [FILE...]; without files test/fuzz/corpus/NAME, and the empty
 * input, and each corpus file with bits flipped.
 */
#include "fuzz.h"

#include <dirent.h>

#define INPUT_MAX 65536
#define FLIPS 200

static uint8_t input[INPUT_MAX];
static uint8_t flipped[INPUT_MAX];

static int run_file(const char *path, bool flip)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        return 1;
    }
    size_t n = fread(input, 1, sizeof(input), f);
    fclose(f);
    LLVMFuzzerTestOneInput(input, n);
    for (unsigned i = 0; flip && n && i < FLIPS; i++) {
        memcpy(flipped, input, n);
        for (unsigned k = 0; k <= i % 3; k++) {
            size_t bit = (i * 7919u + k * 104729u) * 2654435761u % (n * 8);
            flipped[bit / 8] = (uint8_t) (flipped[bit / 8] ^ (1u << bit % 8));
        }
        LLVMFuzzerTestOneInput(flipped, n);
    }
    return 0;
}

static int run_corpus(const char *name)
{
    char dir[512], path[1024];
    const char *srcdir = getenv("srcdir");
    int files = 0, failed = 0;
    snprintf(dir, sizeof(dir), "%s/test/fuzz/corpus/%s", srcdir ? srcdir : ".", name);
    DIR *d = opendir(dir);
    if (!d) {
        perror(dir);
        return 1;
    }
    LLVMFuzzerTestOneInput(input, 0);
    for (struct dirent *e = readdir(d); e; e = readdir(d)) {
        if (e->d_name[0] != '.') {
            snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
            failed += run_file(path, true);
            files++;
        }
    }
    closedir(d);
    printf("1..1\n%s 1 - %d inputs of %s\n", failed || !files ? "not ok" : "ok", files, name);
    return failed || !files;
}

int main(int argc, char **argv)
{
    int failed = 0;
    if (argc == 1) {
        const char *name = strrchr(argv[0], '_');
        return run_corpus(name ? name + 1 : argv[0]);
    }
    for (int i = 1; i < argc; i++) {
        failed += run_file(argv[i], false);
    }
    return failed != 0;
}

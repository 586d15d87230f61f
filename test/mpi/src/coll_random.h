/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Parts of coll_random: numbers in every predefined type, datatypes with a known type map, buffers
 * with an image of what they must hold, communicators with known members, and the calls.
 */
#ifndef COLL_RANDOM_H_INCLUDED
#define COLL_RANDOM_H_INCLUDED

#include "check.h"

#define RANKS_MAX 16 /* products of so many drawn numbers are still exact in a float */
#define UNIT_MAX 3   /* numbers in the unit of a signature */
#define WIDTH_MAX 4  /* numbers in an element of a reduction */

/* ---- numbers (coll_random_basic.c) ----------------------------------------------------------- */

/* A number of any type: an integer small enough for it, with the imaginary part or the index. */
struct cell {
    int64_t a, b;
};

enum kind {
    KIND_SIGNED,
    KIND_UNSIGNED,
    KIND_LOGICAL,
    KIND_REAL,
    KIND_COMPLEX,
    KIND_INTEGER_PAIR,
    KIND_REAL_PAIR
};

/* Which predefined operations a type has. */
enum {
    HAS_ORDER = 1,
    HAS_ARITHMETIC = 2,
    HAS_LOGIC = 4,
    HAS_BITS = 8,
    HAS_LOCATION = 16
};

struct basic {
    const char *name;
    MPI_Datatype type;
    enum kind kind;
    int part;   /* bytes of the number, or of its real part, or of a pair's value */
    int second; /* offset of the imaginary part or of the index */
    int bytes;  /* extent */
    int align;
    unsigned has; /* HAS_ bits */
};

extern const struct basic basics[];
extern const int basics_count;

const struct basic *basic_named(const char *name);

/* The bytes between the significant ones are left as they are, but long doubles end in zeros. */
void basic_store(const struct basic *basic, struct cell cell, uint8_t *at);
struct cell basic_load(const struct basic *basic, const uint8_t *at);

/* Zeros at the end of each long double, and no negative zeros in complex numbers. */
void basic_clean(const struct basic *basic, uint8_t *at);

/* Number k of a stream, for messages that nothing is computed from. */
struct cell basic_value(const struct basic *basic, uint64_t stream, size_t k);

/* ---- datatypes (coll_random_shape.c) --------------------------------------------------------- */

struct signature {
    int items; /* in the unit, which is repeated */
    const struct basic *of[UNIT_MAX];
    size_t bytes; /* of a unit's numbers */
};

struct shape {
    MPI_Datatype type;
    bool made; /* to be freed */
    const char *name;
    const struct signature *signature;
    int items;                  /* in one instance */
    MPI_Aint *at;               /* of each of them */
    MPI_Aint extent, low, high; /* low and high: first and last byte (+ 1) of the items */
};

/* Of units of the signature; a predefined type, unless derived is set. */
void shape_make(struct shape *shape, const struct signature *signature, int units, bool derived,
                struct rng *rng);
/* The type from now on has absolute addresses: of a buffer at origin, for use with MPI_BOTTOM. */
void shape_move(struct shape *shape, const void *origin);
void shape_free(struct shape *shape);

static inline const struct basic *shape_basic(const struct shape *shape, size_t k)
{
    return shape->signature->of[k % (size_t) shape->signature->items];
}

/* Where item k of an array of instances is. */
static inline MPI_Aint shape_at(const struct shape *shape, size_t k)
{
    size_t items = (size_t) shape->items;

    return (MPI_Aint) (k / items) * shape->extent + shape->at[k % items];
}

/* ---- how calls are waited for (coll_random_waiting.c) ---------------------------------------- */

enum waiting {
    WAIT_INSIDE,     /* blocking calls */
    WAIT_AT_ONCE,    /* non-blocking ones */
    WAIT_LAST_FIRST, /* non-blocking ones, with another before them that is waited for later */
    WAIT_BEHIND      /* blocking ones, the same */
};

extern enum waiting call_waiting;

/* As MPI's functions of the same names. */
int call_barrier(MPI_Comm comm);
int call_bcast(void *buf, int count, MPI_Datatype type, int root, MPI_Comm comm);
int call_scatter(const void *send, int send_count, MPI_Datatype send_type, void *recv,
                 int recv_count, MPI_Datatype recv_type, int root, MPI_Comm comm);
int call_gather(const void *send, int send_count, MPI_Datatype send_type, void *recv,
                int recv_count, MPI_Datatype recv_type, int root, MPI_Comm comm);
int call_allgather(const void *send, int send_count, MPI_Datatype send_type, void *recv,
                   int recv_count, MPI_Datatype recv_type, MPI_Comm comm);
int call_alltoall(const void *send, int send_count, MPI_Datatype send_type, void *recv,
                  int recv_count, MPI_Datatype recv_type, MPI_Comm comm);
int call_alltoallv(const void *send, const int *send_counts, const int *send_displs,
                   MPI_Datatype send_type, void *recv, const int *recv_counts,
                   const int *recv_displs, MPI_Datatype recv_type, MPI_Comm comm);
int call_allgatherv(const void *send, int send_count, MPI_Datatype send_type, void *recv,
                    const int *recv_counts, const int *displs, MPI_Datatype recv_type,
                    MPI_Comm comm);
int call_reduce(const void *send, void *recv, int count, MPI_Datatype type, MPI_Op op, int root,
                MPI_Comm comm);
int call_allreduce(const void *send, void *recv, int count, MPI_Datatype type, MPI_Op op,
                   MPI_Comm comm);
int call_scan(const void *send, void *recv, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm);
int call_exscan(const void *send, void *recv, int count, MPI_Datatype type, MPI_Op op,
                MPI_Comm comm);
int call_reduce_scatter_block(const void *send, void *recv, int count, MPI_Datatype type, MPI_Op op,
                              MPI_Comm comm);

/* ---- one call (coll_random.c) ---------------------------------------------------------------- */

struct call {
    long number; /* of the case */
    const char *name;
    MPI_Comm comm;
    int rank, size, root;
    uint64_t stream; /* of this call: part of all its numbers */
    struct rng *rng; /* the same on all ranks of the communicator */
    struct rng own;  /* this rank's */
    size_t bytes;    /* of a block, about */
    bool derived, in_place;
    char text[160]; /* type, count and operation, for a failure */
};

/* Leaves out what MPICH 4.0.2 does wrong itself, on any device; not with --strict. */
extern bool call_lenient;

/* The first failure of this rank is kept, and told at the end of the batch. */
void call_failed(const struct call *call, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Draws from 0 .. bytes: small ones, and those around powers of two. */
size_t draw_bytes(struct rng *rng, size_t bytes);

static inline bool one_in(struct rng *rng, uint32_t n)
{
    return rng_below(rng, n) == 0;
}

/* The stream of what one rank has for another. */
uint64_t call_stream(const struct call *call, int from, int to);

/* ---- buffers (coll_random_buffer.c) ---------------------------------------------------------- */

struct block {
    const struct shape *shape;
    int count;
    MPI_Aint at;
};

struct buffer {
    uint8_t *memory, *image;
    size_t bytes;
    void *pointer; /* what MPI gets: MPI_BOTTOM for absolute addresses */
    uint8_t *origin, *image_origin;
    int blocks, shapes;
    struct block block[RANKS_MAX];
    struct shape shape[RANKS_MAX];
    /* As the calls want them; displs in extents, in bytes where each block has its own type. */
    int counts[RANKS_MAX], displs[RANKS_MAX];
    MPI_Datatype types[RANKS_MAX];
};

/* Memory for the blocks, whose fields are set; filled with a value that differs by rank. */
void buffer_make(struct buffer *buffer, struct call *call, bool absolute);
void buffer_free(struct buffer *buffer);

/* What is in the memory before the call, and what must be there after it. */
void buffer_fill(struct buffer *buffer, int block, uint64_t stream);
void buffer_expect(struct buffer *buffer, int block, uint64_t stream);
void buffer_put(uint8_t *origin, const struct block *block, size_t item, struct cell cell);

/* The image is as the memory is now; so are the items of a block from this one on. */
void buffer_keep(struct buffer *buffer);
void buffer_forgive(struct buffer *buffer, int block, size_t item);

/* Fails unless the memory is as the image. */
void buffer_check(struct buffer *buffer, const struct call *call, const char *what);

/* ---- communicators (coll_random_comm.c) ------------------------------------------------------ */

struct slot {
    MPI_Comm comm;
    bool made; /* to be freed */
    /* Of each rank of MPI_COMM_WORLD: a number for its group (-1: none), and its rank there. */
    int group[RANKS_MAX], rank[RANKS_MAX];
};

void slots_start(void);
/* Now and then another communicator takes a slot. All ranks; drawn from case's number alone. */
void slots_change(long number);
const struct slot *slots_draw(struct rng *rng);
int slot_size(const struct slot *slot, int group);
void slots_end(void);

/* ---- operations of reductions (coll_random_ops.c) -------------------------------------------- */

/* An operation on elements of several numbers: right = left op right. */
struct rule {
    const char *name;
    MPI_Op predefined; /* or MPI_OP_NULL */
    unsigned needs;    /* HAS_ bit of the type; 0: any type */
    void (*combine)(const struct basic *basic, const struct cell *left, struct cell *right);
    int width;        /* numbers in an element; 0: as many as the signature has */
    const char *only; /* the one type it is for, or NULL */
    MPI_User_function *function;
    int commutes;
    MPI_Op op;
};

enum {
    RULE_MATRIX,
    RULE_AFFINE,
    RULE_SUM,
    RULE_FIRST,
    RULE_LAST,
    RULE_PREDEFINED
};

extern struct rule rules[]; /* ours first, then from RULE_PREDEFINED on */
extern const int rules_count;

void rules_start(void);
void rules_end(void);
/* Our operations will be called with this type, by this call. */
void rules_expect(const struct call *call, const struct shape *shape);

/* An element of a shape: right = left op right. */
void rule_combine(const struct rule *rule, const struct shape *shape, const struct cell *left,
                  struct cell *right);

/* ---- the calls -------------------------------------------------------------------------------- */

struct operation {
    const char *name;
    void (*run)(struct call *call);
};

extern const struct operation moves[], reductions[];
extern const int moves_count, reductions_count;

#endif /* COLL_RANDOM_H_INCLUDED */

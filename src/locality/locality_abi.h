/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Region ABI, version 1: the byte layout of the inter-VM shared memory region.
 *
 * This header is the whole contract between the host and guests of different ages. It stands
 * alone in C11 and C++11. doc/abi.md mirrors it; test/unit/abi.golden pins every offset.
 *
 * Rules
 *  - Every multi-byte field is little-endian. Every position is a byte offset from the start of
 *    the region; no pointer, lock, pid, path or wall-clock time is ever stored.
 *  - Whoever reads a field copies it once to a local and checks it before use. Anyone who can
 *    map the region can write anything to it.
 *  - Each field below says: unit and range; writer; readers; how it is published.
 *  - Minor versions grow only into "reserved" fields, which writers set to zero and readers of
 *    an older minor ignore. Unknown bits in features_incompat refuse the region; unknown bits
 *    in features_compat are ignored.
 *
 * Picture (offsets grow downwards; the extents are named in the superblock)
 *
 *   0                superblock, 4096 bytes
 *   table.offset     locality table: table.count entries of 512 bytes     host writes
 *   jobs.offset      job directory: jobs.count slots of 256 bytes         guests write
 *   chunks.offset    one descriptor of 32 bytes per heap chunk            guests write
 *   heap.offset      heap: heap chunks of chunk_bytes each                jobs' data
 */
#ifndef LOCALITY_ABI_H_INCLUDED
#define LOCALITY_ABI_H_INCLUDED

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define IVL_STATIC_ASSERT(cond, msg) static_assert(cond, msg)
extern "C" {
#else
#define IVL_STATIC_ASSERT(cond, msg) _Static_assert(cond, msg)
#endif

/* Shared words are one-member structs, so that plain use of a shared field does not compile:
 * they are read and written only through the ivl_sh*() accessors (shared_word.h). */
typedef struct {
    uint32_t shared_;
} ivl_sh32_t;

typedef struct {
    uint64_t shared_;
} ivl_sh64_t;

#define IVL_ABI_MAGIC "MPIIVSHM" /* 8 bytes, no terminator */
#define IVL_ABI_MAJOR 1
#define IVL_ABI_MINOR 0

#define IVL_FEATURES_COMPAT_KNOWN UINT64_C(0)
#define IVL_FEATURES_INCOMPAT_KNOWN UINT64_C(0)

#define IVL_CACHE_LINE 64
#define IVL_UUID_BYTES 16
#define IVL_REGION_MIN_BYTES (UINT64_C(1) << 20) /* 1 MiB */
#define IVL_REGION_MAX_BYTES (UINT64_C(1) << 46) /* 64 TiB */
#define IVL_CHUNK_MIN_BYTES UINT32_C(4096)
#define IVL_CHUNK_MAX_BYTES (UINT32_C(1) << 30)
#define IVL_CHUNKS_MAX (UINT32_C(1) << 24)
#define IVL_VMS_MAX 1024
#define IVL_JOBS_MAX 4096

/* An extent: where an array lies. */
struct ivl_abi_extent {
    uint64_t offset;     /* bytes from the start of the region, multiple of 4096 */
    uint32_t count;      /* elements, at least 1 */
    uint32_t elem_bytes; /* bytes of one element, exactly the size in this version */
};

/* Superblock, at offset 0. The first IVL_ABI_SUPER_SEALED bytes are written once by the host at
 * creation and carry a CRC-32C; the magic is written last (release), so that a region without
 * the magic is not ready. The rest is live. */
struct ivl_abi_super {
    uint8_t magic[8];                     /* IVL_ABI_MAGIC */
    uint16_t version_major;               /* IVL_ABI_MAJOR, else refuse */
    uint16_t version_minor;               /* any */
    uint32_t super_bytes;                 /* 4096 */
    uint64_t features_compat;             /* unknown bits: ignore */
    uint64_t features_incompat;           /* unknown bits: refuse */
    uint64_t region_bytes;                /* bytes, 1 MiB to 64 TiB; at most the mapping */
    uint8_t region_uuid[IVL_UUID_BYTES];  /* new (random) at each creation */
    uint8_t host_uuid[IVL_UUID_BYTES];    /* the host's DMI product UUID, or zeros */
    uint8_t host_boot_id[IVL_UUID_BYTES]; /* the host kernel's boot id, or zeros */
    uint64_t generation;                  /* creations of this backing, from 1 */
    struct ivl_abi_extent table;          /* locality table */
    struct ivl_abi_extent jobs;           /* job directory */
    struct ivl_abi_extent chunks;         /* chunk descriptors; count = heap chunks */
    uint64_t heap_offset;                 /* multiple of chunk_bytes and of 4096 */
    uint32_t chunk_bytes;                 /* power of two, 4 KiB to 1 GiB */
    uint32_t lease_ms;                    /* job lease, 1000 to 600000 ms */
    uint8_t reserved0[348];
    uint32_t checksum; /* CRC-32C (Castagnoli, as iSCSI, RFC 3720 B.4) of bytes 0..507 */

    /* live part: the host writes, guests read */
    ivl_sh64_t host_heartbeat; /* ticks; grows while a host daemon runs; 0: none has. relaxed */
    uint8_t reserved1[56];
    ivl_sh64_t table_epoch; /* +1 after every change of the table. release / acquire */
    uint8_t reserved2[56];
    uint8_t reserved3[3456];
};
#define IVL_ABI_SUPER_SEALED 508

/* A virtual function handed to a VM. */
struct ivl_abi_vf {
    uint32_t pci_domain;  /* guest PCI address, 0..0xffff */
    uint8_t pci_bus;      /* 0..255 */
    uint8_t pci_device;   /* 0..31 */
    uint8_t pci_function; /* 0..7 */
    uint8_t reserved;     /* 0 */
    uint64_t node_guid;   /* 0 = unknown */
};

#define IVL_VM_NAME_BYTES 64 /* with the terminating NUL; printable ASCII, no '/' or blank */
#define IVL_VM_TAG_BYTES 64  /* with the terminating NUL; empty = none */
#define IVL_VM_MACS_MAX 8
#define IVL_VM_VFS_MAX 4
#define IVL_VM_CPUMASK_WORDS 4 /* host CPUs 0..255 */

#define IVL_VM_FREE UINT32_C(0)
#define IVL_VM_ACTIVE UINT32_C(1)
#define IVL_VM_GONE UINT32_C(2) /* removed while a job may still name it */

/* What the host says about one VM; the body of a table entry. */
struct ivl_abi_vm {
    uint32_t state;               /* IVL_VM_* */
    uint32_t mac_count;           /* 0..IVL_VM_MACS_MAX */
    uint64_t epoch;               /* table_epoch value when the VM was added; never reused */
    uint8_t uuid[IVL_UUID_BYTES]; /* VM (SMBIOS product) UUID, zeros = unknown */
    char name[IVL_VM_NAME_BYTES];
    char asset_tag[IVL_VM_TAG_BYTES]; /* SMBIOS chassis asset tag */
    uint8_t macs[IVL_VM_MACS_MAX][6];
    uint32_t vsock_cid; /* 0 = none; 3..0xfffffffe */
    uint32_t vf_count;  /* 0..IVL_VM_VFS_MAX */
    struct ivl_abi_vf vfs[IVL_VM_VFS_MAX];
    uint64_t numa_mask;                      /* host NUMA nodes, bit n = node n; 0 = unknown */
    uint64_t cpu_mask[IVL_VM_CPUMASK_WORDS]; /* host CPUs the vCPUs are pinned to; 0 = not */
};

/* Entry of the locality table. The host is the only writer. Sequence lock: seq is odd while the
 * body changes; a reader that does not get two equal even values around its copy in a bounded
 * number of tries treats the VM as remote. */
struct ivl_abi_table_entry {
    ivl_sh32_t seq;
    uint32_t reserved0;
    struct ivl_abi_vm vm; /* read only by copying word-wise (relaxed) under seq */
    uint8_t reserved1[184];
};

/* Job slot states, in the low 8 bits of job.state; the upper 56 bits are the slot's epoch,
 * which grows by one at each claim, so that a (slot, epoch) pair names one job for ever. */
#define IVL_JOB_FREE UINT64_C(0)
#define IVL_JOB_CLAIMED UINT64_C(1)    /* being set up by its creator */
#define IVL_JOB_ACTIVE UINT64_C(2)     /* members may attach */
#define IVL_JOB_RECLAIMING UINT64_C(3) /* lease ran out, or the job ended: being swept */
#define IVL_JOB_STATE_BITS 8

/* Job directory slot. */
struct ivl_abi_job {
    ivl_sh64_t state;        /* epoch << 8 | IVL_JOB_*; compare-and-swap (acq_rel) only */
    uint8_t key[16];         /* random job key; written while CLAIMED */
    ivl_sh64_t members_off;  /* offset of the member table (in the heap), 0 = none yet */
    ivl_sh32_t member_count; /* lines in the member table */
    ivl_sh32_t creator_vm;   /* table slot of the creator's VM */
    uint8_t reserved0[24];
    /* second line: every live member adds 1 now and then (relaxed) */
    ivl_sh64_t heartbeat;
    uint8_t reserved1[56];
    uint8_t reserved2[128];
};

/* Member states */
#define IVL_MEMBER_NONE UINT32_C(0)
#define IVL_MEMBER_JOINED UINT32_C(1)
#define IVL_MEMBER_LEFT UINT32_C(2) /* ended in order */

/* One line per member process of a job, in a heap block that the job's creator allocates. Only
 * the member writes its line. */
struct ivl_abi_member {
    ivl_sh64_t nonce;     /* proof of co-residency: the random value the member announced */
    ivl_sh64_t heartbeat; /* +1 per beat while the process lives (relaxed) */
    ivl_sh32_t vm_slot;   /* index in the locality table */
    ivl_sh32_t state;     /* IVL_MEMBER_*; release */
    uint8_t reserved[40];
};

/* Chunk kinds, in bits 24..31 of chunk.state; bits 0..23: references; bits 32..63: generation,
 * which grows each time the chunk is given back, so that an old handle is refused. */
#define IVL_CHUNK_FREE UINT32_C(0)     /* only valid while owner is 0 or about to be */
#define IVL_CHUNK_RESERVED UINT32_C(1) /* in the owner's arena, not in a block */
#define IVL_CHUNK_HEAD UINT32_C(2)     /* first chunk of a block */
#define IVL_CHUNK_BODY UINT32_C(3)     /* further chunk of a block */
#define IVL_CHUNK_REFS_MAX UINT32_C(0xffffff)

/* Flag in chunk.info: the chunk belongs to the job's reserved arena and goes back there, not to
 * the heap, when its block is freed. */
#define IVL_CHUNK_INFO_ARENA UINT64_C(1)

/* Descriptor of one heap chunk. */
struct ivl_abi_chunk {
    ivl_sh64_t owner; /* 0 = free, else epoch << 16 | (job slot + 1); compare-and-swap only */
    ivl_sh64_t state; /* generation << 32 | kind << 24 | references; compare-and-swap only */
    ivl_sh64_t bytes; /* HEAD: length of the block in bytes, as asked for; else of no meaning */
    ivl_sh64_t info;  /* IVL_CHUNK_INFO_* */
};

#define IVL_ABI_AT(type, field, off) \
    IVL_STATIC_ASSERT(offsetof(struct type, field) == (off), "ABI: " #type "." #field)
#define IVL_ABI_SIZE(type, size) IVL_STATIC_ASSERT(sizeof(struct type) == (size), "ABI: " #type)

IVL_ABI_SIZE(ivl_abi_extent, 16);
IVL_ABI_AT(ivl_abi_super, magic, 0);
IVL_ABI_AT(ivl_abi_super, version_major, 8);
IVL_ABI_AT(ivl_abi_super, version_minor, 10);
IVL_ABI_AT(ivl_abi_super, super_bytes, 12);
IVL_ABI_AT(ivl_abi_super, features_compat, 16);
IVL_ABI_AT(ivl_abi_super, features_incompat, 24);
IVL_ABI_AT(ivl_abi_super, region_bytes, 32);
IVL_ABI_AT(ivl_abi_super, region_uuid, 40);
IVL_ABI_AT(ivl_abi_super, host_uuid, 56);
IVL_ABI_AT(ivl_abi_super, host_boot_id, 72);
IVL_ABI_AT(ivl_abi_super, generation, 88);
IVL_ABI_AT(ivl_abi_super, table, 96);
IVL_ABI_AT(ivl_abi_super, jobs, 112);
IVL_ABI_AT(ivl_abi_super, chunks, 128);
IVL_ABI_AT(ivl_abi_super, heap_offset, 144);
IVL_ABI_AT(ivl_abi_super, chunk_bytes, 152);
IVL_ABI_AT(ivl_abi_super, lease_ms, 156);
IVL_ABI_AT(ivl_abi_super, reserved0, 160);
IVL_ABI_AT(ivl_abi_super, checksum, 508);
IVL_ABI_AT(ivl_abi_super, host_heartbeat, 512);
IVL_ABI_AT(ivl_abi_super, table_epoch, 576);
IVL_ABI_SIZE(ivl_abi_super, 4096);
IVL_ABI_SIZE(ivl_abi_vf, 16);
IVL_ABI_AT(ivl_abi_vm, state, 0);
IVL_ABI_AT(ivl_abi_vm, mac_count, 4);
IVL_ABI_AT(ivl_abi_vm, epoch, 8);
IVL_ABI_AT(ivl_abi_vm, uuid, 16);
IVL_ABI_AT(ivl_abi_vm, name, 32);
IVL_ABI_AT(ivl_abi_vm, asset_tag, 96);
IVL_ABI_AT(ivl_abi_vm, macs, 160);
IVL_ABI_AT(ivl_abi_vm, vsock_cid, 208);
IVL_ABI_AT(ivl_abi_vm, vf_count, 212);
IVL_ABI_AT(ivl_abi_vm, vfs, 216);
IVL_ABI_AT(ivl_abi_vm, numa_mask, 280);
IVL_ABI_AT(ivl_abi_vm, cpu_mask, 288);
IVL_ABI_SIZE(ivl_abi_vm, 320);
IVL_ABI_AT(ivl_abi_table_entry, seq, 0);
IVL_ABI_AT(ivl_abi_table_entry, vm, 8);
IVL_ABI_SIZE(ivl_abi_table_entry, 512);
IVL_ABI_AT(ivl_abi_job, state, 0);
IVL_ABI_AT(ivl_abi_job, key, 8);
IVL_ABI_AT(ivl_abi_job, members_off, 24);
IVL_ABI_AT(ivl_abi_job, member_count, 32);
IVL_ABI_AT(ivl_abi_job, creator_vm, 36);
IVL_ABI_AT(ivl_abi_job, heartbeat, 64);
IVL_ABI_SIZE(ivl_abi_job, 256);
IVL_ABI_AT(ivl_abi_member, nonce, 0);
IVL_ABI_AT(ivl_abi_member, heartbeat, 8);
IVL_ABI_AT(ivl_abi_member, vm_slot, 16);
IVL_ABI_AT(ivl_abi_member, state, 20);
IVL_ABI_SIZE(ivl_abi_member, 64);
IVL_ABI_AT(ivl_abi_chunk, owner, 0);
IVL_ABI_AT(ivl_abi_chunk, state, 8);
IVL_ABI_AT(ivl_abi_chunk, bytes, 16);
IVL_ABI_AT(ivl_abi_chunk, info, 24);
IVL_ABI_SIZE(ivl_abi_chunk, 32);

#ifdef __cplusplus
}
#endif

#endif /* LOCALITY_ABI_H_INCLUDED */

/*
 * SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * A back end below MPL's shared-memory segments. While MPL_shm_backend is NULL (the default, and
 * always in Hydra and ROMIO's copies of MPL) segments are files, as ever. The ivshmem module
 * sets it, before the first segment is made, when the ranks of a node do not share a kernel:
 * then every segment comes from the inter-VM region. All ranks of a node set it or none does.
 *
 * Included by mpl_shm_mmap.c only, which also defines the variable.
 */
#ifndef MPL_SHM_BACKEND_H_INCLUDED
#define MPL_SHM_BACKEND_H_INCLUDED

/* Functions return MPL_SUCCESS or an MPL_ERR_SHM_* code; out-parameters are set on success. A
 * handle is a NUL-terminated string of at most MPLI_SHM_GHND_SZ bytes that means the same in
 * every VM. Any thread may call them. */
typedef struct MPL_shm_backend {
    /* New zero-filled segment with one reference. */
    int (*create)(intptr_t size, void **addr, char *handle, size_t handle_size);
    /* Takes a reference to a segment of at least `size` bytes. addr NULL: only looks whether the
     * handle is well formed. The handle comes from another VM and is not trusted. */
    int (*attach)(const char *handle, intptr_t size, void **addr);
    /* Drops the reference that create or attach took; the last one frees the segment. */
    int (*detach)(void *addr);
} MPL_shm_backend_t;

extern const MPL_shm_backend_t *MPL_shm_backend;

static inline int MPLI_shm_backend_create(MPL_shm_hnd_t hnd, intptr_t size, void **addr)
{
    int rc = MPLI_shm_ghnd_alloc(hnd, MPL_MEM_SHM);
    if (rc != MPL_SUCCESS) {
        return rc;
    }
    return MPL_shm_backend->create(size, addr, MPLI_shm_ghnd_get_by_ref(hnd), MPLI_SHM_GHND_SZ);
}

/* Stands in for MPL_shm_seg_create_attach_templ(). A fixed address is refused: the region is
 * mapped once, so callers take their ordinary path. */
static inline int MPLI_shm_backend_templ(MPL_shm_hnd_t hnd, intptr_t size, void **addr, int flag)
{
    if ((flag & MPLI_SHM_FLAG_FIXED_ADDR) ||
        ((flag & MPLI_SHM_FLAG_SHM_CREATE) && !(flag & MPLI_SHM_FLAG_SHM_ATTACH))) {
        return MPL_ERR_SHM_INTERN;
    }
    if (flag & MPLI_SHM_FLAG_SHM_CREATE) {
        return MPLI_shm_backend_create(hnd, size, addr);
    }
    return MPL_shm_backend->attach(MPLI_shm_ghnd_get_by_ref(hnd), size,
                                   (flag & MPLI_SHM_FLAG_SHM_ATTACH) ? addr : NULL);
}

static inline int MPLI_shm_backend_detach(void **addr)
{
    int rc = MPL_shm_backend->detach(*addr);
    *addr = NULL;
    return rc;
}

#endif /* MPL_SHM_BACKEND_H_INCLUDED */

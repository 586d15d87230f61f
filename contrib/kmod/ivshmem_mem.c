// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * The memory of the device: page structures for it, mappings of it, and taking them away.
 *
 * Pages. MEMORY_DEVICE_GENERIC keeps a count of one on every page; whatever maps or pins a page
 * adds to it. Small mappings are ordinary ones with page and count. 2 MiB mappings are made as
 * device DAX makes them, without a count, and are gone when they have been taken away.
 *
 * Cache. User mappings keep the protection of ordinary memory, that is write-back, whatever
 * the firmware said of the address range. Only inserting a 2 MiB entry asks the kernel's list of
 * memory types, and would come back uncached where the firmware's range registers say so; there
 * small pages are used.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/version.h>
#ifdef CONFIG_X86_64
#include <asm/memtype.h>
#endif

#include "ivshmem.h"

#if !IS_ENABLED(CONFIG_ZONE_DEVICE)
#error "this kernel is built without CONFIG_ZONE_DEVICE, which page structures need"
#endif

#define IVSHMEM_BAR 2

/* How a 2 MiB entry is made changed in 6.15; later kernels get small pages. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0) &&                                     \
	IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE)
#define IVSHMEM_HUGE
#include <linux/pfn_t.h>
#endif

/* ---- mappings ---- */

static struct ivshmem *ivshmem_of(struct vm_fault *vmf)
{
	struct ivshmem_file *f = vmf->vma->vm_file->private_data;

	return f->iv;
}

/*
 * The page enters the page table after the lock is dropped, and so perhaps after all mappings
 * have been taken away; but then its count says so, and they are taken away again.
 */
static vm_fault_t ivshmem_fault(struct vm_fault *vmf)
{
	struct ivshmem *iv = ivshmem_of(vmf);
	vm_fault_t ret = VM_FAULT_SIGBUS;

	down_read(&iv->lock);
	if (!iv->gone && vmf->pgoff < iv->pages) {
		vmf->page = pfn_to_page(iv->pfn + vmf->pgoff);
		get_page(vmf->page);
		ret = 0;
	}
	up_read(&iv->lock);
	return ret;
}

#ifdef IVSHMEM_HUGE
/* The first page of the 2 MiB around the fault, or false if they are not all the mapping's. */
static bool ivshmem_huge_range(struct vm_fault *vmf, pgoff_t *first)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long start = vmf->address & PMD_MASK;

	if (start < vma->vm_start || vma->vm_end - start < PMD_SIZE)
		return false;
	*first = vma->vm_pgoff + ((start - vma->vm_start) >> PAGE_SHIFT);
	return IS_ALIGNED(*first, PMD_SIZE >> PAGE_SHIFT);
}

static vm_fault_t ivshmem_insert_huge(struct vm_fault *vmf)
{
	struct ivshmem *iv = ivshmem_of(vmf);
	vm_fault_t ret = VM_FAULT_SIGBUS;
	pgoff_t first;

	if (!iv->huge || !ivshmem_huge_range(vmf, &first))
		return VM_FAULT_FALLBACK;
	down_read(&iv->lock);
	if (!iv->gone && first < iv->pages)
		ret = vmf_insert_pfn_pmd(
			vmf, phys_to_pfn_t(PFN_PHYS(iv->pfn + first), PFN_DEV | PFN_MAP),
			vmf->flags & FAULT_FLAG_WRITE);
	up_read(&iv->lock);
	return ret;
}

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
static vm_fault_t ivshmem_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	return order == PMD_ORDER ? ivshmem_insert_huge(vmf) : VM_FAULT_FALLBACK;
}
#else
static vm_fault_t ivshmem_huge_fault(struct vm_fault *vmf, enum page_entry_size size)
{
	return size == PE_SIZE_PMD ? ivshmem_insert_huge(vmf) : VM_FAULT_FALLBACK;
}
#endif
#endif /* IVSHMEM_HUGE */

static const struct vm_operations_struct ivshmem_vm_ops = {
	.fault = ivshmem_fault,
#ifdef IVSHMEM_HUGE
	.huge_fault = ivshmem_huge_fault,
#endif
};

int ivshmem_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ivshmem_file *f = file->private_data;
	struct ivshmem *iv = f->iv;

	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (vma->vm_pgoff >= iv->pages || vma_pages(vma) > iv->pages - vma->vm_pgoff)
		return -EINVAL;
	/* A race with removal is harmless: the fault handler looks again. */
	if (READ_ONCE(iv->gone))
		return -ENODEV;
	vma->vm_ops = &ivshmem_vm_ops;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_set(vma, VM_DONTEXPAND);
#else
	vma->vm_flags |= VM_DONTEXPAND;
#endif
	return 0;
}

/* ---- pages ---- */

/*
 * The kernel maps memory with page structures at a place that follows from its address. With
 * address randomisation, kernels before 6.16 give that area no more room than the RAM that they
 * saw at boot, plus 10 TiB; they do not look whether a device lies behind it.
 */
static bool ivshmem_addressable(resource_size_t end)
{
#ifdef CONFIG_X86_64
	return end < VMALLOC_START - PAGE_OFFSET &&
	       PHYS_PFN(end) <
		       (CPU_ENTRY_AREA_BASE - VMEMMAP_START) / sizeof(struct page);
#else
	return true;
#endif
}

static int ivshmem_mem_check(struct ivshmem *iv, resource_size_t start,
			     resource_size_t len)
{
	struct device *dev = &iv->pdev->dev;

	if (!(pci_resource_flags(iv->pdev, IVSHMEM_BAR) & IORESOURCE_MEM) || len == 0) {
		dev_err(dev, "no memory in BAR 2\n");
		return -ENODEV;
	}
	if (!IS_ALIGNED(start | len, PMD_SIZE)) {
		dev_err(dev,
			"%llu KiB of memory: page structures need a multiple of 2 MiB\n",
			(unsigned long long)len >> 10);
		return -EINVAL;
	}
	if (!ivshmem_addressable(start + len - 1)) {
		dev_err(dev,
			"memory at %#llx is out of this kernel's reach: boot with nokaslr\n",
			(unsigned long long)start);
		return -ENXIO;
	}
	return 0;
}

/* Whether a 2 MiB entry would be write-back: what the kernel noted for the first page. */
static bool ivshmem_mem_huge(struct ivshmem *iv)
{
#if !defined(IVSHMEM_HUGE)
	return false;
#elif defined(CONFIG_X86_64)
	return !pat_pfn_immune_to_uc_mtrr(iv->pfn);
#else
	return true;
#endif
}

int ivshmem_mem_init(struct ivshmem *iv)
{
	resource_size_t start = pci_resource_start(iv->pdev, IVSHMEM_BAR);
	resource_size_t len = pci_resource_len(iv->pdev, IVSHMEM_BAR);
	void *addr;
	int ret = ivshmem_mem_check(iv, start, len);

	if (ret)
		return ret;
	iv->pgmap.type = MEMORY_DEVICE_GENERIC;
	iv->pgmap.range.start = start;
	iv->pgmap.range.end = start + len - 1;
	iv->pgmap.nr_range = 1;
	addr = memremap_pages(&iv->pgmap, dev_to_node(&iv->pdev->dev));
	if (IS_ERR(addr)) {
		dev_err(&iv->pdev->dev,
			"no page structures for the memory (%ld): too high, or mapped by sysfs?\n",
			PTR_ERR(addr));
		return PTR_ERR(addr);
	}
	iv->pfn = PHYS_PFN(start);
	iv->pages = PHYS_PFN(len);
	iv->huge = ivshmem_mem_huge(iv);
#ifdef IVSHMEM_HUGE
	/* Asks for 2 MiB entries, aligned addresses, and no page counts behind the former. */
	iv->inode->i_flags |= S_DAX;
#endif
	return 0;
}

static bool ivshmem_mem_in_use(const struct ivshmem *iv)
{
	unsigned long i;

	for (i = 0; i < iv->pages; i++) {
		if (page_ref_count(pfn_to_page(iv->pfn + i)) != 1)
			return true;
		if (i % 4096 == 0)
			cond_resched();
	}
	return false;
}

/*
 * Called with "gone" set. The pages must not go while anybody holds one. New holders come only
 * by way of a page table: there are no more mappings when they have been taken away; faults
 * fail; and lockless page table walks, which run with interrupts off, have ended after a grace
 * period. What is left is faults that were under way, and pages that are pinned.
 */
void ivshmem_mem_fini(struct ivshmem *iv)
{
	unsigned long next = jiffies + 10 * HZ;

	for (;;) {
		unmap_mapping_range(iv->inode->i_mapping, 0, 0, 1);
		synchronize_rcu();
		if (!ivshmem_mem_in_use(iv))
			break;
		if (time_after(jiffies, next)) {
			dev_warn(&iv->pdev->dev, "removal waits for programs that have "
						 "pinned memory of it\n");
			next = jiffies + 60 * HZ;
		}
		msleep(50);
	}
	memunmap_pages(&iv->pgmap);
}

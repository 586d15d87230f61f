// SPDX-License-Identifier: GPL-2.0
/*
 * Copyright (c) 2026 The mpich-ivshmem authors
 *
 * Binding PCI devices, and the character devices /dev/ivshmemN. What programs may do with these
 * is told in ivshmem_uapi.h.
 */
#include <linux/idr.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pseudo_fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "ivshmem.h"

#define IVSHMEM_DEVICES_MAX 256

static dev_t ivshmem_devt;
static DEFINE_IDA(ivshmem_ida);

/* ---- open files ---- */

static int ivshmem_open(struct inode *inode, struct file *file)
{
	struct ivshmem *iv = container_of(inode->i_cdev, struct ivshmem, cdev);
	struct ivshmem_file *f;

	if (READ_ONCE(iv->gone))
		return -ENODEV;
	f = kzalloc(sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	f->iv = iv;
	mutex_init(&f->lock);
	ivshmem_bell_open(f);
	file->private_data = f;
	/* One address space for all, however many nodes name the device: see ivshmem_mem_fini() */
	file->f_mapping = iv->inode->i_mapping;
	return stream_open(inode, file);
}

static int ivshmem_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static int ivshmem_info(struct ivshmem *iv, struct ivshmem_info *info)
{
	int ret = -ENODEV;

	down_read(&iv->lock);
	if (!iv->gone) {
		info->bytes = (u64)iv->pages << PAGE_SHIFT;
		info->flags = IVSHMEM_INFO_PAGES | (iv->huge ? IVSHMEM_INFO_HUGE : 0);
		info->vectors = iv->vectors;
		info->peer = ivshmem_bell_peer(iv);
		ret = 0;
	}
	up_read(&iv->lock);
	return ret;
}

static long ivshmem_ioctl(struct file *file, unsigned int request, unsigned long arg)
{
	struct ivshmem_file *f = file->private_data;
	struct ivshmem_info info = { 0 };
	struct ivshmem_ring ring;
	int ret;

	switch (request) {
	case IVSHMEM_IOC_INFO:
		ret = ivshmem_info(f->iv, &info);
		if (ret)
			return ret;
		return copy_to_user((void __user *)arg, &info, sizeof(info)) ? -EFAULT
									     : 0;
	case IVSHMEM_IOC_RING:
		if (copy_from_user(&ring, (void __user *)arg, sizeof(ring)))
			return -EFAULT;
		return ivshmem_bell_ring(file, &ring);
	default:
		return -ENOTTY;
	}
}

static const struct file_operations ivshmem_fops = {
	.owner = THIS_MODULE,
	.open = ivshmem_open,
	.release = ivshmem_release,
	.read = ivshmem_read,
	.poll = ivshmem_poll,
	.unlocked_ioctl = ivshmem_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = ivshmem_mmap,
	.get_unmapped_area = thp_get_unmapped_area,
};

/* ---- the address space: an inode of our own, as a node of the device may lie anywhere ---- */

static int ivshmem_fs_init(struct fs_context *fc)
{
	return init_pseudo(fc, 0x69767368) ? 0 : -ENOMEM;
}

/* No owner: our own mount would keep the module from being unloaded. */
static struct file_system_type ivshmem_fs = {
	.name = "ivshmem",
	.init_fs_context = ivshmem_fs_init,
	.kill_sb = kill_anon_super,
};
static struct vfsmount *ivshmem_mnt;

/* ---- devices ---- */

static struct class ivshmem_class = {
	.name = "ivshmem",
};

static void ivshmem_free(struct device *dev)
{
	struct ivshmem *iv = container_of(dev, struct ivshmem, dev);

	iput(iv->inode);
	ida_free(&ivshmem_ida, MINOR(dev->devt));
	kfree(iv);
}

static struct ivshmem *ivshmem_alloc(struct pci_dev *pdev)
{
	struct ivshmem *iv = kzalloc(sizeof(*iv), GFP_KERNEL);
	int minor;

	if (!iv)
		return ERR_PTR(-ENOMEM);
	minor = ida_alloc_max(&ivshmem_ida, IVSHMEM_DEVICES_MAX - 1, GFP_KERNEL);
	if (minor < 0) {
		kfree(iv);
		return ERR_PTR(minor);
	}
	iv->inode = alloc_anon_inode(ivshmem_mnt->mnt_sb);
	if (IS_ERR(iv->inode)) {
		int ret = PTR_ERR(iv->inode);

		ida_free(&ivshmem_ida, minor);
		kfree(iv);
		return ERR_PTR(ret);
	}
	iv->pdev = pdev;
	init_rwsem(&iv->lock);
	init_waitqueue_head(&iv->wait);
	device_initialize(&iv->dev);
	iv->dev.class = &ivshmem_class;
	iv->dev.parent = &pdev->dev;
	iv->dev.release = ivshmem_free;
	iv->dev.devt = MKDEV(MAJOR(ivshmem_devt), minor);
	cdev_init(&iv->cdev, &ivshmem_fops);
	iv->cdev.owner = THIS_MODULE;
	return iv;
}

static int ivshmem_enable(struct ivshmem *iv)
{
	int ret = pci_enable_device(iv->pdev);

	if (ret)
		return ret;
	ret = pci_request_regions(iv->pdev, "ivshmem");
	if (ret)
		goto disable;
	iv->regs = pci_iomap(iv->pdev, 0, 0);
	if (iv->regs)
		return 0;
	ret = -ENOMEM;
	pci_release_regions(iv->pdev);
disable:
	pci_disable_device(iv->pdev);
	return ret;
}

static void ivshmem_disable(struct ivshmem *iv)
{
	pci_iounmap(iv->pdev, iv->regs);
	pci_release_regions(iv->pdev);
	pci_disable_device(iv->pdev);
}

static int ivshmem_start(struct ivshmem *iv)
{
	int ret = ivshmem_enable(iv);

	if (ret)
		return ret;
	ret = ivshmem_mem_init(iv);
	if (ret)
		goto disable;
	ret = ivshmem_bell_init(iv);
	if (ret)
		goto mem;
	ret = cdev_device_add(&iv->cdev, &iv->dev);
	if (!ret)
		return 0;
	ivshmem_bell_fini(iv);
mem:
	ivshmem_mem_fini(iv);
disable:
	ivshmem_disable(iv);
	return ret;
}

static int ivshmem_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct ivshmem *iv = ivshmem_alloc(pdev);
	int ret;

	if (IS_ERR(iv))
		return PTR_ERR(iv);
	ret = dev_set_name(&iv->dev, "ivshmem%d", MINOR(iv->dev.devt));
	if (!ret)
		ret = ivshmem_start(iv);
	if (ret) {
		put_device(&iv->dev);
		return ret;
	}
	pci_set_drvdata(pdev, iv);
	dev_info(&pdev->dev, "%s: %lu MiB in pages of %s, %u doorbells\n",
		 dev_name(&iv->dev), iv->pages >> (20 - PAGE_SHIFT),
		 iv->huge ? "2 MiB" : "4 KiB", iv->vectors);
	return 0;
}

static void ivshmem_remove(struct pci_dev *pdev)
{
	struct ivshmem *iv = pci_get_drvdata(pdev);

	cdev_device_del(&iv->cdev, &iv->dev);
	down_write(&iv->lock);
	WRITE_ONCE(iv->gone, true);
	up_write(&iv->lock);
	wake_up_all(&iv->wait);
	ivshmem_bell_fini(iv);
	ivshmem_mem_fini(iv);
	ivshmem_disable(iv);
	put_device(&iv->dev);
}

static const struct pci_device_id ivshmem_ids[] = {
	{ PCI_DEVICE(0x1af4, 0x1110) },
	{ 0 },
};
MODULE_DEVICE_TABLE(pci, ivshmem_ids);

static struct pci_driver ivshmem_driver = {
	.name = "ivshmem",
	.id_table = ivshmem_ids,
	.probe = ivshmem_probe,
	.remove = ivshmem_remove,
};

static int __init ivshmem_init(void)
{
	int ret = alloc_chrdev_region(&ivshmem_devt, 0, IVSHMEM_DEVICES_MAX, "ivshmem");

	if (ret)
		return ret;
	ret = class_register(&ivshmem_class);
	if (ret)
		goto chrdev;
	ivshmem_mnt = kern_mount(&ivshmem_fs);
	if (IS_ERR(ivshmem_mnt)) {
		ret = PTR_ERR(ivshmem_mnt);
		goto class;
	}
	ret = pci_register_driver(&ivshmem_driver);
	if (!ret)
		return 0;
	kern_unmount(ivshmem_mnt);
	class : class_unregister(&ivshmem_class);
chrdev:
	unregister_chrdev_region(ivshmem_devt, IVSHMEM_DEVICES_MAX);
	return ret;
}

static void __exit ivshmem_exit(void)
{
	pci_unregister_driver(&ivshmem_driver);
	kern_unmount(ivshmem_mnt);
	class_unregister(&ivshmem_class);
	unregister_chrdev_region(ivshmem_devt, IVSHMEM_DEVICES_MAX);
	ida_destroy(&ivshmem_ida);
}

module_init(ivshmem_init);
module_exit(ivshmem_exit);

MODULE_DESCRIPTION("Memory and doorbells of QEMU's ivshmem device");
MODULE_AUTHOR("The mpich-ivshmem authors");
MODULE_LICENSE("GPL");

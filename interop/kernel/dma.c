// SPDX-License-Identifier: GPL-2.0-only
/* DMA writes by the device, and the log of them: VFIO_DEVICE_FEATURE_DMA_LOGGING_*. */

#include <linux/interval_tree.h>
#include <linux/iova_bitmap.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "testdev.h"

static bool is_logged(const struct td_device *device, u64 iova)
{
	for (u32 i = 0; i < device->range_count; i++)
		if (iova >= device->ranges[2 * i] && iova <= device->ranges[2 * i + 1])
			return true;
	return false;
}

/* Writes pages to memory, each filled with another number. */
int td_dma(struct td_device *device, u32 count)
{
	u32 *page;
	int err = 0;

	/* No DMA in the P2P states: a device cannot tell whether a target is a peer. */
	if (device->state != VFIO_DEVICE_STATE_RUNNING && device->state != VFIO_DEVICE_STATE_PRE_COPY)
		return -EBUSY;
	if (!IS_ALIGNED(device->dma_iova, TD_PAGE))
		return -EINVAL;
	page = kmalloc(TD_PAGE, GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	for (u32 i = 0; i < count && !err; i++) {
		u64 iova = device->dma_iova + ((u64)i << TD_PAGE_SHIFT);

		memset32(page, device->dma_seed + i, TD_PAGE / sizeof(*page));
		err = vfio_dma_rw(device->vdev, iova, page, TD_PAGE, true);
		if (!err && device->is_logging && is_logged(device, iova))
			err = xa_err(xa_store(&device->log, iova >> TD_PAGE_SHIFT, xa_mk_value(1), GFP_KERNEL));
	}
	kfree(page);
	return err;
}

void td_end_log(struct td_device *device)
{
	device->is_logging = false;
	xa_destroy(&device->log);
	kvfree(device->ranges);
	device->ranges = NULL;
	device->range_count = 0;
}

static int log_start(struct vfio_device *vdev, struct rb_root_cached *ranges, u32 count, u64 *page_size)
{
	struct td_device *device = td_of(vdev);
	struct interval_tree_node *node;
	int err = 0;

	mutex_lock(&device->lock);
	if (device->is_logging) {
		err = -EINVAL;
		goto out;
	}
	device->ranges = kvcalloc(2 * count, sizeof(u64), GFP_KERNEL);
	if (!device->ranges) {
		err = -ENOMEM;
		goto out;
	}
	for (node = interval_tree_iter_first(ranges, 0, ULONG_MAX); node && device->range_count < count;
	     node = interval_tree_iter_next(node, 0, ULONG_MAX)) {
		device->ranges[2 * device->range_count] = node->start;
		device->ranges[2 * device->range_count + 1] = node->last;
		device->range_count++;
	}
	device->is_logging = true;
	*page_size = TD_PAGE;
out:
	mutex_unlock(&device->lock);
	return err;
}

static int log_stop(struct vfio_device *vdev)
{
	struct td_device *device = td_of(vdev);
	int err;

	mutex_lock(&device->lock);
	err = device->is_logging ? 0 : -EINVAL;
	td_end_log(device);
	mutex_unlock(&device->lock);
	return err;
}

static int log_read_and_clear(struct vfio_device *vdev, unsigned long iova, unsigned long length,
			      struct iova_bitmap *dirty)
{
	struct td_device *device = td_of(vdev);
	unsigned long page;
	void *entry;
	int err;

	mutex_lock(&device->lock);
	err = device->is_logging ? 0 : -EINVAL;
	xa_for_each_range(&device->log, page, entry, iova >> TD_PAGE_SHIFT, (iova + length - 1) >> TD_PAGE_SHIFT) {
		iova_bitmap_set(dirty, page << TD_PAGE_SHIFT, TD_PAGE);
		xa_erase(&device->log, page);
	}
	mutex_unlock(&device->lock);
	return err;
}

const struct vfio_log_ops td_log_ops = {
	.log_start = log_start,
	.log_stop = log_stop,
	.log_read_and_clear = log_read_and_clear,
};

/* If vfio is built with iommufd, iova_bitmap_set() is in that module and its namespace. */
MODULE_IMPORT_NS(IOMMUFD);

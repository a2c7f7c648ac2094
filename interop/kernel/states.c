// SPDX-License-Identifier: GPL-2.0-only
/* Device states. vfio computes the path between two states; its arcs are taken here one by one. */

#include <linux/err.h>
#include <linux/file.h>

#include "testdev.h"

static const char *const names[] = {
	[VFIO_DEVICE_STATE_ERROR] = "ERROR",
	[VFIO_DEVICE_STATE_STOP] = "STOP",
	[VFIO_DEVICE_STATE_RUNNING] = "RUNNING",
	[VFIO_DEVICE_STATE_STOP_COPY] = "STOP_COPY",
	[VFIO_DEVICE_STATE_RESUMING] = "RESUMING",
	[VFIO_DEVICE_STATE_RUNNING_P2P] = "RUNNING_P2P",
	[VFIO_DEVICE_STATE_PRE_COPY] = "PRE_COPY",
	[VFIO_DEVICE_STATE_PRE_COPY_P2P] = "PRE_COPY_P2P",
};

const char *td_state_name(enum vfio_device_mig_state state)
{
	return state < ARRAY_SIZE(names) ? names[state] : "?";
}

bool td_is_precopy(enum vfio_device_mig_state state)
{
	return state == VFIO_DEVICE_STATE_PRE_COPY || state == VFIO_DEVICE_STATE_PRE_COPY_P2P;
}

/* Whether the device is active. */
bool td_is_running(enum vfio_device_mig_state state)
{
	return state == VFIO_DEVICE_STATE_RUNNING || state == VFIO_DEVICE_STATE_RUNNING_P2P || td_is_precopy(state);
}

static bool is_saving(enum vfio_device_mig_state state)
{
	return td_is_precopy(state) || state == VFIO_DEVICE_STATE_STOP_COPY;
}

static void enter(struct td_device *device, enum vfio_device_mig_state state)
{
	if (state == VFIO_DEVICE_STATE_STOP_COPY)
		device->saved = td_checksum(device);
	device->state = state;
	if (td_is_running(state) && device->rate)
		mod_delayed_work(system_wq, &device->worker, 1);
	/* The stream may have an end now, or the worker has stopped. */
	wake_up_all(&device->readable);
}

/* Takes an arc, whose effect follows from its two states. Returns the file of the session that it opens, or NULL. */
static struct file *take_arc(struct td_device *device, enum vfio_device_mig_state to)
{
	enum vfio_device_mig_state from = device->state;
	struct file *file = NULL;

	if (from == VFIO_DEVICE_STATE_RESUMING) {
		int err = td_load(device);

		if (err)
			return ERR_PTR(err);
		device->loaded = td_checksum(device);
		td_end_session(device);
	}
	if (is_saving(from) && !is_saving(to))
		td_end_session(device);
	if (is_saving(to) && !is_saving(from))
		file = td_save(device);
	if (to == VFIO_DEVICE_STATE_RESUMING)
		file = td_resume(device);
	if (!IS_ERR(file))
		enter(device, to);
	return file;
}

/* Takes an arc, or fails as the parameters require. */
static struct file *step(struct td_device *device, enum vfio_device_mig_state to)
{
	enum td_outcome outcome;
	int err = td_fault_arc(device, device->state, to, &outcome);
	struct file *file;

	if (!err)
		return take_arc(device, to);
	if (outcome == TD_ERROR) {
		td_end_session(device);
		enter(device, VFIO_DEVICE_STATE_ERROR);
	} else if (outcome == TD_LATE) {
		file = take_arc(device, to);
		if (IS_ERR(file))
			return file;
		if (file)
			fput(file);
	}
	return ERR_PTR(err);
}

static struct file *set_state(struct vfio_device *vdev, enum vfio_device_mig_state target)
{
	struct td_device *device = td_of(vdev);
	struct file *file = NULL;

	mutex_lock(&device->lock);
	while (device->state != target && !IS_ERR(file)) {
		enum vfio_device_mig_state next;
		int err = vfio_mig_get_next_state(vdev, device->state, target, &next);

		/* Only the last arc of a path opens a session. */
		file = err ? ERR_PTR(err) : step(device, next);
	}
	mutex_unlock(&device->lock);
	return file;
}

static int get_state(struct vfio_device *vdev, enum vfio_device_mig_state *state)
{
	struct td_device *device = td_of(vdev);

	mutex_lock(&device->lock);
	*state = device->state;
	mutex_unlock(&device->lock);
	return 0;
}

static int get_data_size(struct vfio_device *vdev, unsigned long *length)
{
	struct td_device *device = td_of(vdev);

	mutex_lock(&device->lock);
	*length = td_bytes_left(device);
	mutex_unlock(&device->lock);
	return 0;
}

const struct vfio_migration_ops td_migration_ops = {
	.migration_set_state = set_state,
	.migration_get_state = get_state,
	.migration_get_data_size = get_data_size,
};

/* The initial state: running, idle and empty. */
void td_start_over(struct td_device *device)
{
	td_end_session(device);
	td_end_log(device);
	memset(device->content, 0, td_bytes(device));
	device->ticks = 0;
	device->random = 1;
	device->scratch = 0;
	device->rate = 0;
	device->dma_iova = 0;
	device->dma_seed = 0;
	enter(device, VFIO_DEVICE_STATE_RUNNING);
}

int td_reset(struct td_device *device)
{
	int err;

	mutex_lock(&device->lock);
	err = td_fault_reset(device);
	if (!err)
		td_start_over(device);
	mutex_unlock(&device->lock);
	return err;
}

/* MIG_PRECOPY_INFOv2, which this kernel's vfio does not implement and passes to the driver. It has no data. */
#define TD_MIG_PRECOPY_INFOV2 12

int td_feature(struct vfio_device *vdev, u32 flags, void __user *arg, size_t argsz)
{
	struct td_device *device = td_of(vdev);
	int err;

	if ((flags & VFIO_DEVICE_FEATURE_MASK) != TD_MIG_PRECOPY_INFOV2 || !td_knows_info_v2())
		return -ENOTTY;
	err = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_SET, 0);
	if (err != 1)
		return err;
	mutex_lock(&device->lock);
	device->reports_reinit = true;
	mutex_unlock(&device->lock);
	return 0;
}

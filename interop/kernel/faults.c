// SPDX-License-Identifier: GPL-2.0-only
/* Properties and faults of devices: module parameters, which are writable at any time. */

#include <linux/errno.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "testdev.h"

#define TD_NEVER ULONG_MAX

static unsigned int state_kib = 32 * 1024;
module_param(state_kib, uint, 0644);
MODULE_PARM_DESC(state_kib, "size of a device's state in KiB, a multiple of 4; read when a device is created (32768)");

static unsigned int features = VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P | VFIO_MIGRATION_PRE_COPY;
module_param(features, uint, 0644);
MODULE_PARM_DESC(features, "flags of VFIO_DEVICE_FEATURE_MIGRATION; read when a device is created (7)");

static bool dma_log = true;
module_param(dma_log, bool, 0644);
MODULE_PARM_DESC(dma_log, "whether a device logs its DMA, instead of its container; read when a device is created (Y)");

static bool info_v2 = true;
module_param(info_v2, bool, 0644);
MODULE_PARM_DESC(info_v2, "whether devices support MIG_PRECOPY_INFOv2 (Y)");

static bool end_is_zero;
module_param(end_is_zero, bool, 0644);
MODULE_PARM_DESC(end_is_zero, "end pre-copy data with 0, as mtty does, instead of ENOMSG (N)");

static unsigned long reinit_at;
module_param(reinit_at, ulong, 0644);
MODULE_PARM_DESC(reinit_at, "restart initial data after this many bytes of it were read in PRE_COPY (0: never)");

static char fault_device[UUID_STRING_LEN + 2]; /* a newline and a NUL follow it */
module_param_string(fault_device, fault_device, sizeof(fault_device), 0644);
MODULE_PARM_DESC(fault_device, "UUID of the device that has the faults (all)");

static int fault_errno = EIO;
module_param(fault_errno, int, 0644);
MODULE_PARM_DESC(fault_errno, "errno of failing arcs, reads and writes (5, EIO)");

static char fault_arc[40];
module_param_string(fault_arc, fault_arc, sizeof(fault_arc), 0644);
MODULE_PARM_DESC(fault_arc, "the arc that fails, such as RUNNING_P2P>STOP (none)");

static char fault_outcome[8] = "stay";
module_param_string(fault_outcome, fault_outcome, sizeof(fault_outcome), 0644);
MODULE_PARM_DESC(fault_outcome, "effect of the failing arc: stay, error (enters ERROR), or late (fails after the arc was taken)");

static int fault_count = -1;
module_param(fault_count, int, 0644);
MODULE_PARM_DESC(fault_count, "number of failures; counts down (-1: always)");

static unsigned long fault_read_at = TD_NEVER;
module_param(fault_read_at, ulong, 0644);
MODULE_PARM_DESC(fault_read_at, "offset in the stream from which reads fail");

static unsigned long fault_read_end = TD_NEVER;
module_param(fault_read_end, ulong, 0644);
MODULE_PARM_DESC(fault_read_end, "offset at which the stream ends");

static unsigned int fault_read_cut;
module_param(fault_read_cut, uint, 0644);
MODULE_PARM_DESC(fault_read_cut, "maximum bytes per read (0: unlimited)");

static unsigned long fault_write_at = TD_NEVER;
module_param(fault_write_at, ulong, 0644);
MODULE_PARM_DESC(fault_write_at, "offset in the stream from which writes fail");

static unsigned int fault_write_cut;
module_param(fault_write_cut, uint, 0644);
MODULE_PARM_DESC(fault_write_cut, "maximum bytes per write (0: unlimited)");

static int fault_reset;
module_param(fault_reset, int, 0644);
MODULE_PARM_DESC(fault_reset, "errno of resets (0: they succeed)");

static unsigned int fault_reset_after;
module_param(fault_reset_after, uint, 0644);
MODULE_PARM_DESC(fault_reset_after, "number of resets that succeed before they fail; counts down (0)");

static int fault_info;
module_param(fault_info, int, 0644);
MODULE_PARM_DESC(fault_info, "errno of VFIO_MIG_GET_PRECOPY_INFO (0: it succeeds)");

u64 td_wanted_pages(void)
{
	return max(1U, READ_ONCE(state_kib) / 4);
}

u32 td_wanted_features(void)
{
	return READ_ONCE(features);
}

bool td_wants_log(void)
{
	return READ_ONCE(dma_log);
}

bool td_knows_info_v2(void)
{
	return READ_ONCE(info_v2);
}

bool td_ends_with_zero(void)
{
	return READ_ONCE(end_is_zero);
}

u64 td_reinit_at(void)
{
	return READ_ONCE(reinit_at);
}

/* Strings are written under the parameters' lock. A parameter written by echo ends with a newline. */
static bool equals(const char *parameter, const char *value)
{
	bool same;

	kernel_param_lock(THIS_MODULE);
	same = sysfs_streq(parameter, value);
	kernel_param_unlock(THIS_MODULE);
	return same;
}

static bool has_faults(const struct td_device *device)
{
	return equals(fault_device, "") || (device->dev && equals(fault_device, dev_name(device->dev)));
}

int td_fault_arc(const struct td_device *device, enum vfio_device_mig_state from, enum vfio_device_mig_state to,
		 enum td_outcome *outcome)
{
	char arc[sizeof(fault_arc)];

	snprintf(arc, sizeof(arc), "%s>%s", td_state_name(from), td_state_name(to));
	if (!equals(fault_arc, arc) || !has_faults(device) || !READ_ONCE(fault_count))
		return 0;
	if (fault_count > 0)
		fault_count--;
	*outcome = equals(fault_outcome, "error") ? TD_ERROR : equals(fault_outcome, "late") ? TD_LATE : TD_STAY;
	return -READ_ONCE(fault_errno);
}

int td_fault_reset(const struct td_device *device)
{
	if (!READ_ONCE(fault_reset) || !has_faults(device))
		return 0;
	if (fault_reset_after) {
		fault_reset_after--;
		return 0;
	}
	return -READ_ONCE(fault_reset);
}

int td_fault_info(const struct td_device *device)
{
	return has_faults(device) ? -READ_ONCE(fault_info) : 0;
}

/* Shortens an access so that it ends at an offset. */
static void stop_at(const struct td_session *session, size_t *length, u64 at)
{
	if (at > session->moved)
		*length = min_t(u64, *length, at - session->moved);
}

int td_fault_read(const struct td_session *session, size_t *length, bool *is_end)
{
	unsigned int cut = READ_ONCE(fault_read_cut);
	u64 fails = READ_ONCE(fault_read_at);
	u64 ends = READ_ONCE(fault_read_end);

	*is_end = false;
	if (!has_faults(session->device))
		return 0;
	if (session->moved >= fails)
		return -READ_ONCE(fault_errno);
	*is_end = session->moved >= ends;
	stop_at(session, length, min(fails, ends));
	if (cut)
		*length = min_t(size_t, *length, cut);
	return 0;
}

int td_fault_write(const struct td_session *session, size_t *length)
{
	unsigned int cut = READ_ONCE(fault_write_cut);
	u64 fails = READ_ONCE(fault_write_at);

	if (!has_faults(session->device))
		return 0;
	if (session->moved >= fails)
		return -READ_ONCE(fault_errno);
	stop_at(session, length, fails);
	if (cut)
		*length = min_t(size_t, *length, cut);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* A mediated device with a state of any size and with fault injection. See README.md. */
#ifndef VFIO4J_TESTDEV_H
#define VFIO4J_TESTDEV_H

#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/pci_regs.h>
#include <linux/types.h>
#include <linux/vfio.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#define TD_PAGE_SHIFT 12
#define TD_PAGE (1UL << TD_PAGE_SHIFT)

/* ---- The stream: records of header and payload, all little-endian. ---- */

#define TD_MAGIC 0x5634445456494f34ULL
#define TD_VERSION 1

enum td_kind { TD_HEADER = 1, TD_CONTENT, TD_REGISTERS, TD_END };

struct td_record {
	__le32 magic;	/* the lower half of TD_MAGIC */
	__le32 kind;	/* enum td_kind */
	__le64 index;	/* TD_CONTENT: number of the page; TD_END: number of preceding records */
	__le32 length;	/* of the payload, bytes */
	__le32 crc;	/* of the payload; TD_END: of the headers of all preceding records */
};

struct td_header {
	__le64 magic;
	__le32 version;
	__le32 reserved;
	__le64 state_bytes;
};

/* The state beside the pages. It includes the tick count, so that a device that has run differs. */
struct td_registers {
	__le64 ticks;
	__le64 random;
	__le32 scratch;
	__le32 rate;
};

/* ---- A data session, behind a data fd. All members are guarded by the device's lock. ---- */

struct td_session {
	struct kref users;	/* the file, and the device until the session has ended */
	struct td_device *device;
	bool is_over;
	bool is_resuming;
	u64 moved;		/* position in the stream, bytes */
	u32 records;
	u32 chain;		/* CRC of the records' headers so far */

	struct td_record record;
	u8 payload[TD_PAGE];
	size_t at;		/* position in the record, bytes */
	size_t size;		/* of the record; saving: 0 if there is none */

	/* Bitmap of pages. Saving: changed since they were read. Resuming: received. */
	unsigned long *pages;
	u64 marked;		/* number of bits set */

	/* Saving. */
	bool record_is_initial;
	bool header_done;
	u64 cursor;		/* the first page not yet read */
	bool registers_done;
	bool end_done;
	bool reinit_done;	/* occurs once per session */
	bool reinit_pending;	/* REINIT is reported with the next pre-copy info */

	/* Resuming. */
	bool has_header;
	bool has_registers;
	struct td_registers registers;
	bool has_end;
	int refusal;		/* errno of further writes */
	int broken;		/* errno of loading */
};

/* ---- A device. It outlives its vfio_device while a data fd is open. ---- */

struct td_device {
	struct kref users;
	struct mutex lock;
	struct device *dev;	/* NULL after removal */
	struct vfio_device *vdev;

	enum vfio_device_mig_state state;
	bool reports_reinit;	/* the user opted in to MIG_PRECOPY_INFOv2 */
	struct td_session *session;
	wait_queue_head_t readable;

	u8 *content;
	u64 pages;
	u64 ticks;
	u64 random;
	u32 scratch;
	u32 rate;		/* pages changed per tick */
	struct delayed_work worker;
	u32 saved;		/* checksum on entering STOP_COPY */
	u32 loaded;		/* checksum on leaving RESUMING */

	u8 config[PCI_CFG_SPACE_SIZE];
	u64 dma_iova;
	u32 dma_seed;

	bool is_logging;
	struct xarray log;	/* indexed by page number */
	u64 *ranges;		/* logged ranges: first and last address of each */
	u32 range_count;
};

/* The vfio side of a device. */
struct td_vfio {
	struct vfio_device vdev;	/* must be first, for vfio_alloc_device() */
	struct td_device *device;
};

static inline struct td_device *td_of(struct vfio_device *vdev)
{
	return container_of(vdev, struct td_vfio, vdev)->device;
}

static inline u64 td_bytes(const struct td_device *device)
{
	return device->pages << TD_PAGE_SHIFT;
}

/* vfio4j_testdev.c */
void td_put(struct td_device *device);

/* regions.c */
void td_init_config(struct td_device *device);
u64 td_region_size(const struct td_device *device, u32 index);
ssize_t td_read(struct vfio_device *vdev, char __user *buf, size_t count, loff_t *pos);
ssize_t td_write(struct vfio_device *vdev, const char __user *buf, size_t count, loff_t *pos);
u32 td_checksum(const struct td_device *device);
void td_fill(struct td_device *device, u32 seed);
void td_changed(struct td_device *device, u64 page);
void td_work(struct work_struct *work);

/* states.c */
extern const struct vfio_migration_ops td_migration_ops;
const char *td_state_name(enum vfio_device_mig_state state);
bool td_is_running(enum vfio_device_mig_state state);
bool td_is_precopy(enum vfio_device_mig_state state);
void td_start_over(struct td_device *device);
int td_reset(struct td_device *device);
int td_feature(struct vfio_device *vdev, u32 flags, void __user *arg, size_t argsz);

/* session.c */
struct file *td_open_session(struct td_device *device, const char *name, const struct file_operations *ops,
			     int flags);
void td_end_session(struct td_device *device);
int td_release_session(struct inode *inode, struct file *file);

/* saving.c, resuming.c */
struct file *td_save(struct td_device *device);
u64 td_bytes_left(const struct td_device *device);
void td_reinit(struct td_device *device);
struct file *td_resume(struct td_device *device);
int td_load(struct td_device *device);

/* dma.c */
extern const struct vfio_log_ops td_log_ops;
int td_dma(struct td_device *device, u32 count);
void td_end_log(struct td_device *device);

/* faults.c */
enum td_outcome { TD_STAY, TD_ERROR, TD_LATE };

u64 td_wanted_pages(void);
u32 td_wanted_features(void);
bool td_wants_log(void);
bool td_knows_info_v2(void);
bool td_ends_with_zero(void);
u64 td_reinit_at(void);
int td_fault_arc(const struct td_device *device, enum vfio_device_mig_state from, enum vfio_device_mig_state to,
		 enum td_outcome *outcome);
int td_fault_reset(const struct td_device *device);
int td_fault_info(const struct td_device *device);
int td_fault_read(const struct td_session *session, size_t *length, bool *is_end);
int td_fault_write(const struct td_session *session, size_t *length);

#endif

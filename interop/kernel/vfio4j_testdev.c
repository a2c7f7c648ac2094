// SPDX-License-Identifier: GPL-2.0-only
/* The module: the mdev parent, and the vfio and sysfs operations of its devices. */

#include <linux/device.h>
#include <linux/mdev.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "testdev.h"

#define TD_NAME "vfio4j_testdev"
#define TD_REGION_SHIFT 40

static struct mdev_type type = { .sysfs_name = "state", .pretty_name = "Migration test device" };
static struct mdev_type *types[] = { &type };
static struct mdev_parent parent;
static struct device *parent_dev;

static void free_device(struct kref *users)
{
	struct td_device *device = container_of(users, struct td_device, users);

	kvfree(device->content);
	kfree(device);
}

void td_put(struct td_device *device)
{
	kref_put(&device->users, free_device);
}

static int init_device(struct vfio_device *vdev)
{
	struct td_device *device = kzalloc(sizeof(*device), GFP_KERNEL);

	if (!device)
		return -ENOMEM;
	device->pages = td_wanted_pages();
	device->content = kvzalloc(td_bytes(device), GFP_KERNEL);
	if (!device->content) {
		kfree(device);
		return -ENOMEM;
	}
	kref_init(&device->users);
	mutex_init(&device->lock);
	init_waitqueue_head(&device->readable);
	INIT_DELAYED_WORK(&device->worker, td_work);
	xa_init(&device->log);
	td_init_config(device);
	device->dev = vdev->dev;
	device->vdev = vdev;
	container_of(vdev, struct td_vfio, vdev)->device = device;
	td_start_over(device);

	vdev->migration_flags = td_wanted_features();
	vdev->mig_ops = &td_migration_ops;
	vdev->log_ops = td_wants_log() ? &td_log_ops : NULL;
	return 0;
}

static void release_device(struct vfio_device *vdev)
{
	struct td_device *device = td_of(vdev);

	mutex_lock(&device->lock);
	td_start_over(device);
	device->dev = NULL;
	device->vdev = NULL;
	mutex_unlock(&device->lock);
	cancel_delayed_work_sync(&device->worker);
	td_put(device);
}

/* A device not left in RUNNING loses its state, as hardware does when it is reset between users. */
static int open_device(struct vfio_device *vdev)
{
	struct td_device *device = td_of(vdev);

	mutex_lock(&device->lock);
	device->reports_reinit = false;
	if (device->state != VFIO_DEVICE_STATE_RUNNING)
		td_start_over(device);
	mutex_unlock(&device->lock);
	return 0;
}

static void close_device(struct vfio_device *vdev)
{
	struct td_device *device = td_of(vdev);

	mutex_lock(&device->lock);
	td_end_session(device);
	td_end_log(device);
	mutex_unlock(&device->lock);
}

static long get_info(void __user *arg)
{
	struct vfio_device_info info = {};
	size_t size = offsetofend(struct vfio_device_info, num_irqs);

	if (copy_from_user(&info, arg, size))
		return -EFAULT;
	if (info.argsz < size)
		return -EINVAL;
	info.flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
	info.num_regions = VFIO_PCI_NUM_REGIONS;
	info.num_irqs = VFIO_PCI_NUM_IRQS;
	return copy_to_user(arg, &info, size) ? -EFAULT : 0;
}

static long get_region_info(const struct td_device *device, void __user *arg)
{
	struct vfio_region_info info = {};
	size_t size = offsetofend(struct vfio_region_info, offset);

	if (copy_from_user(&info, arg, size))
		return -EFAULT;
	if (info.argsz < size || info.index >= VFIO_PCI_NUM_REGIONS)
		return -EINVAL;
	info.size = td_region_size(device, info.index);
	info.offset = (u64)info.index << TD_REGION_SHIFT;
	info.flags = info.size ? VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE : 0;
	info.cap_offset = 0;
	return copy_to_user(arg, &info, size) ? -EFAULT : 0;
}

/* The device has no interrupts; mtty covers those. */
static long get_irq_info(void __user *arg)
{
	struct vfio_irq_info info = {};
	size_t size = offsetofend(struct vfio_irq_info, count);

	if (copy_from_user(&info, arg, size))
		return -EFAULT;
	if (info.argsz < size || info.index >= VFIO_PCI_NUM_IRQS)
		return -EINVAL;
	info.flags = 0;
	info.count = 0;
	return copy_to_user(arg, &info, size) ? -EFAULT : 0;
}

static long device_ioctl(struct vfio_device *vdev, unsigned int cmd, unsigned long arg)
{
	void __user *user = (void __user *)arg;

	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return get_info(user);
	case VFIO_DEVICE_GET_REGION_INFO:
		return get_region_info(td_of(vdev), user);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return get_irq_info(user);
	case VFIO_DEVICE_SET_IRQS:
		return -EINVAL;
	case VFIO_DEVICE_RESET:
		return td_reset(td_of(vdev));
	default:
		return -ENOTTY;
	}
}

static const struct vfio_device_ops device_ops = {
	.name = "vfio-" TD_NAME,
	.init = init_device,
	.release = release_device,
	.open_device = open_device,
	.close_device = close_device,
	.read = td_read,
	.write = td_write,
	.ioctl = device_ioctl,
	.device_feature = td_feature,
	.bind_iommufd = vfio_iommufd_emulated_bind,
	.unbind_iommufd = vfio_iommufd_emulated_unbind,
	.attach_ioas = vfio_iommufd_emulated_attach_ioas,
	.detach_ioas = vfio_iommufd_emulated_detach_ioas,
};

/* ---- sysfs: inspects and controls a device while a program has it open. ---- */

static struct td_device *device_of(struct device *dev)
{
	struct td_vfio *vfio = dev_get_drvdata(dev);

	return vfio->device;
}

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct td_device *device = device_of(dev);
	ssize_t length;

	mutex_lock(&device->lock);
	length = sysfs_emit(buf, "%s\n", td_state_name(device->state));
	mutex_unlock(&device->lock);
	return length;
}
static DEVICE_ATTR_RO(state);

static ssize_t checksum_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct td_device *device = device_of(dev);
	ssize_t length;

	mutex_lock(&device->lock);
	length = sysfs_emit(buf, "%08x\n", td_checksum(device));
	mutex_unlock(&device->lock);
	return length;
}
static DEVICE_ATTR_RO(checksum);

static ssize_t saved_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%08x\n", READ_ONCE(device_of(dev)->saved));
}
static DEVICE_ATTR_RO(saved);

static ssize_t loaded_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%08x\n", READ_ONCE(device_of(dev)->loaded));
}
static DEVICE_ATTR_RO(loaded);

static ssize_t ticks_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct td_device *device = device_of(dev);
	ssize_t length;

	mutex_lock(&device->lock);
	length = sysfs_emit(buf, "%llu\n", device->ticks);
	mutex_unlock(&device->lock);
	return length;
}
static DEVICE_ATTR_RO(ticks);

static ssize_t rate_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(device_of(dev)->rate));
}

static ssize_t rate_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	struct td_device *device = device_of(dev);
	u32 rate;
	int err = kstrtou32(buf, 0, &rate);

	if (err)
		return err;
	mutex_lock(&device->lock);
	device->rate = min_t(u64, rate, device->pages);
	mod_delayed_work(system_wq, &device->worker, 1);
	mutex_unlock(&device->lock);
	return count;
}
static DEVICE_ATTR_RW(rate);

static ssize_t seed_store(struct device *dev, struct device_attribute *attr, const char *buf, size_t count)
{
	struct td_device *device = device_of(dev);
	u32 seed;
	int err = kstrtou32(buf, 0, &seed);

	if (err)
		return err;
	mutex_lock(&device->lock);
	td_fill(device, seed);
	mutex_unlock(&device->lock);
	return count;
}
static DEVICE_ATTR_WO(seed);

static struct attribute *attributes[] = {
	&dev_attr_state.attr, &dev_attr_checksum.attr, &dev_attr_saved.attr, &dev_attr_loaded.attr,
	&dev_attr_ticks.attr, &dev_attr_rate.attr, &dev_attr_seed.attr, NULL,
};

static const struct attribute_group attribute_group = { .name = "testdev", .attrs = attributes };
static const struct attribute_group *attribute_groups[] = { &attribute_group, NULL };

/* ---- The parent. ---- */

static int probe(struct mdev_device *mdev)
{
	struct td_vfio *vfio = vfio_alloc_device(td_vfio, vdev, &mdev->dev, &device_ops);
	int err;

	if (IS_ERR(vfio))
		return PTR_ERR(vfio);
	dev_set_drvdata(&mdev->dev, vfio);
	err = vfio_register_emulated_iommu_dev(&vfio->vdev);
	if (err)
		vfio_put_device(&vfio->vdev);
	return err;
}

static void remove(struct mdev_device *mdev)
{
	struct td_vfio *vfio = dev_get_drvdata(&mdev->dev);

	vfio_unregister_group_dev(&vfio->vdev);
	vfio_put_device(&vfio->vdev);
}

static struct mdev_driver driver = {
	.device_api = VFIO_DEVICE_API_PCI_STRING,
	.max_instances = 64,
	.probe = probe,
	.remove = remove,
	.driver = {
		.name = TD_NAME,
		.owner = THIS_MODULE,
		.mod_name = KBUILD_MODNAME,
		.dev_groups = attribute_groups,
	},
};

static struct class parent_class = { .name = TD_NAME };

static int __init testdev_init(void)
{
	int err = mdev_register_driver(&driver);

	if (err)
		return err;
	err = class_register(&parent_class);
	if (err)
		goto err_driver;
	parent_dev = device_create(&parent_class, NULL, MKDEV(0, 0), NULL, TD_NAME);
	if (IS_ERR(parent_dev)) {
		err = PTR_ERR(parent_dev);
		goto err_class;
	}
	err = mdev_register_parent(&parent, parent_dev, &driver, types, ARRAY_SIZE(types));
	if (!err)
		return 0;
	device_unregister(parent_dev);
err_class:
	class_unregister(&parent_class);
err_driver:
	mdev_unregister_driver(&driver);
	return err;
}
module_init(testdev_init);

static void __exit testdev_exit(void)
{
	mdev_unregister_parent(&parent);
	device_unregister(parent_dev);
	class_unregister(&parent_class);
	mdev_unregister_driver(&driver);
}
module_exit(testdev_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A mediated device for testing device migration");

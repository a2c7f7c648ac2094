// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import io.vfio4j.linux.DeviceCalls;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceLostException;
import io.vfio4j.model.Errno;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** An open file of VFIO or iommufd, and what can be asked of it. Calls that a signal interrupts are made again. */
final class VfioFile implements AutoCloseable {

  private final DeviceCalls calls;
  private final Fd fd;
  private final String device;

  /**
   * Takes ownership of a descriptor that a call answered.
   *
   * @param name what the file is called
   * @param device the device that it is about, for messages
   */
  VfioFile(DeviceCalls calls, int number, String name, String device) {
    this.calls = calls;
    this.fd = calls.adopt(number, name);
    this.device = device;
  }

  DeviceCalls calls() {
    return calls;
  }

  Fd fd() {
    return fd;
  }

  /** Returns the name of the device. */
  String device() {
    return device;
  }

  /** Asks, and returns 0 or more, or a negated errno. */
  int tryIoctl(Ioctl request, MemorySegment argument, MemorySegment pointedAt) {
    int result;
    do {
      result = calls.ioctl(fd, request.request(), argument, pointedAt);
    } while (result == -Errno.EINTR.number());
    return result;
  }

  int tryIoctl(Ioctl request, MemorySegment argument) {
    return tryIoctl(request, argument, MemorySegment.NULL);
  }

  /** Asks with a number. */
  int tryIoctl(Ioctl request, long argument) {
    return tryIoctl(request, MemorySegment.ofAddress(argument));
  }

  /**
   * Asks for what must succeed.
   *
   * @param action what it is, for messages
   * @throws DeviceLostException if the device is gone (ENODEV)
   */
  int ioctl(String action, Ioctl request, MemorySegment argument, MemorySegment pointedAt)
      throws DeviceException {
    return requireSuccess(action, tryIoctl(request, argument, pointedAt));
  }

  int ioctl(String action, Ioctl request, MemorySegment argument) throws DeviceException {
    return ioctl(action, request, argument, MemorySegment.NULL);
  }

  /** Returns the result of a call on a device's own file, if it is none of failure. */
  int requireSuccess(String action, int result) throws DeviceException {
    if (result >= 0) {
      return result;
    }
    Errno errno = new Errno(-result);
    if (errno.equals(Errno.ENODEV)) {
      throw new DeviceLostException(device, action, errno, "the kernel says that it is gone (" + errno + ")",
          null);
    }
    throw new DeviceException(device, action, errno);
  }

  /** Reads, and returns what read(2) does, or a negated errno. */
  long read(MemorySegment into) {
    long result;
    do {
      result = calls.read(fd, into);
    } while (result == -Errno.EINTR.number());
    return result;
  }

  /** Writes, and returns what write(2) does, or a negated errno. */
  long write(MemorySegment from) {
    long result;
    do {
      result = calls.write(fd, from);
    } while (result == -Errno.EINTR.number());
    return result;
  }

  long read(MemorySegment into, long offset) {
    long result;
    do {
      result = calls.read(fd, into, offset);
    } while (result == -Errno.EINTR.number());
    return result;
  }

  long write(MemorySegment from, long offset) {
    long result;
    do {
      result = calls.write(fd, from, offset);
    } while (result == -Errno.EINTR.number());
    return result;
  }

  /** Waits for something to read, for ever. */
  int awaitReadable() {
    return calls.awaitReadable(fd, -1);
  }

  MemorySegment map(long offset, long length, boolean writable, Arena arena) throws DeviceException {
    try {
      return calls.map(fd, offset, length, writable, arena);
    } catch (LinuxException e) {
      throw new DeviceException(device, "mmap of " + length + " bytes", e.errno(),
          device + ": " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    fd.close();
  }
}

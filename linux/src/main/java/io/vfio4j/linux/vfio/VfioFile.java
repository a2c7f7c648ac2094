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

/** An open file of VFIO or iommufd. Calls interrupted by a signal are repeated. */
final class VfioFile implements AutoCloseable {

  private final DeviceCalls calls;
  private final Fd fd;
  private final String device;

  /**
   * Takes ownership of a descriptor returned by a call.
   *
   * @param name the name of the file
   * @param device the device to which it belongs, for messages
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

  /** Makes an ioctl, and returns 0 or more, or a negated errno. */
  int tryIoctl(Ioctl request, MemorySegment argument, MemorySegment pointee) {
    int result;
    do {
      result = calls.ioctl(fd, request.request(), argument, pointee);
    } while (result == -Errno.EINTR.number());
    return result;
  }

  int tryIoctl(Ioctl request, MemorySegment argument) {
    return tryIoctl(request, argument, MemorySegment.NULL);
  }

  /** Makes an ioctl with a number as argument. */
  int tryIoctl(Ioctl request, long argument) {
    return tryIoctl(request, MemorySegment.ofAddress(argument));
  }

  /**
   * Makes an ioctl that must succeed.
   *
   * @param action the request, for messages
   * @throws DeviceLostException if the device has been removed (ENODEV)
   */
  int ioctl(String action, Ioctl request, MemorySegment argument, MemorySegment pointee)
      throws DeviceException {
    return requireSuccess(action, tryIoctl(request, argument, pointee));
  }

  int ioctl(String action, Ioctl request, MemorySegment argument) throws DeviceException {
    return ioctl(action, request, argument, MemorySegment.NULL);
  }

  /** Returns the result of a call, if it is not an error. */
  int requireSuccess(String action, int result) throws DeviceException {
    if (result >= 0) {
      return result;
    }
    Errno errno = new Errno(-result);
    if (errno.equals(Errno.ENODEV)) {
      throw new DeviceLostException(device, action, errno, "the kernel has removed it (" + errno + ")",
          null);
    }
    throw new DeviceException(device, action, errno);
  }

  /** Reads, and returns the result of read(2) or a negated errno. */
  long read(MemorySegment into) {
    long result;
    do {
      result = calls.read(fd, into);
    } while (result == -Errno.EINTR.number());
    return result;
  }

  /** Writes, and returns the result of write(2) or a negated errno. */
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

  /** Waits, without a timeout, until the file is readable. */
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

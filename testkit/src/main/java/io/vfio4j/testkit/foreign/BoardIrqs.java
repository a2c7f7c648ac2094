// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.testkit.foreign;

import static io.vfio4j.testkit.foreign.WireConstants.INTX;
import static io.vfio4j.testkit.foreign.WireConstants.MSIX;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import java.util.HashMap;
import java.util.Map;

/** The interrupts of a foreign server's device; only MSI-X is ever raised. */
final class BoardIrqs {

  private static final int DATA_NONE = 1;
  private static final int DATA_EVENTFD = 4;
  private static final int TRIGGER = 0x20;
  private static final int[] COUNTS = {1, 0, BoardRegisters.VECTORS, 1, 1};

  private final Map<Integer, EventFd> vectors = new HashMap<>();

  byte[] info(WireMessage request) throws ErrnoException {
    int index = index(request, 8);
    return MessageBody.empty().u32(16, index == INTX ? 7 : 1, index, COUNTS[index]).toBytes();
  }

  private static int index(WireMessage request, int at) throws ErrnoException {
    int index = request.u32(at);
    if (request.u32(0) < 16 || index < 0 || index >= COUNTS.length) {
      throw new ErrnoException(Errno.EINVAL, "interrupt index " + index);
    }
    return index;
  }

  byte[] set(WireMessage request) throws ErrnoException {
    int flags = request.u32(4);
    int index = index(request, 8);
    int start = request.u32(12);
    int count = request.u32(16);
    if (start < 0 || count < 0 || start > COUNTS[index] - count) {
      throw new ErrnoException(Errno.EINVAL,
          "%d vectors from %d on of index %d".formatted(count, start, index));
    }
    if (flags == (DATA_NONE | TRIGGER) && count == 0) {
      if (index == MSIX) {
        clear();
      }
    } else if (flags == (DATA_EVENTFD | TRIGGER)) {
      assign(request, index, start, count);
    }
    return new byte[0];
  }

  private void assign(WireMessage request, int index, int start, int count) throws ErrnoException {
    int fds = request.fds().count();
    if (fds != 0 && fds != count) {
      throw new ErrnoException(Errno.EINVAL, "%d descriptors for %d vectors".formatted(fds, count));
    }
    for (int i = 0; i < count && index == MSIX; i++) {
      EventFd before = vectors.remove(start + i);
      if (before != null) {
        before.close();
      }
      if (fds > 0) {
        vectors.put(start + i, EventFd.of(request.fds().take(i)));
      }
    }
  }

  void raise(int vector) throws ErrnoException {
    EventFd listening = vectors.get(vector);
    if (listening == null) {
      throw new ErrnoException(Errno.ENODEV, "vector %d has no eventfd".formatted(vector));
    }
    try {
      listening.signal();
    } catch (LinuxException e) {
      throw new ErrnoException(e.errno(), "vector " + vector);
    }
  }

  void clear() {
    vectors.values().forEach(EventFd::close);
    vectors.clear();
  }
}

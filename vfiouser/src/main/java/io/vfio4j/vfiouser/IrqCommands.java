// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.EventFd;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.Structs.IrqSet;
import java.lang.foreign.ValueLayout;

/** DEVICE_SET_IRQS. */
final class IrqCommands {

  private final IrqTable irqs;

  IrqCommands(IrqTable irqs) {
    this.irqs = irqs;
  }

  void setIrqs(Request request, Reply reply) throws ErrnoException {
    request.needsArgsz(IrqSet.SIZE);
    int flags = request.u32(IrqSet.FLAGS);
    int data = flags & IrqSet.DATA_BITS;
    int action = flags & IrqSet.ACTION_BITS;
    if ((flags & ~(IrqSet.DATA_BITS | IrqSet.ACTION_BITS)) != 0 || Integer.bitCount(data) != 1
        || Integer.bitCount(action) != 1) {
      throw refused("SET_IRQS with flags 0x" + Integer.toHexString(flags));
    }
    int index = request.u32(IrqSet.INDEX);
    if (index < 0 || index >= irqs.indexes()) {
      throw refused("no interrupt index " + Integer.toUnsignedString(index));
    }
    int start = request.u32(IrqSet.START);
    int count = request.u32(IrqSet.COUNT);
    if (start < 0 || count < 0 || start > irqs.count(index) - count) {
      throw refused("no interrupts %d to %d + %d".formatted(index, start, count));
    }
    if (count == 0) {
      disable(index, data, action);
      return;
    }
    switch (data) {
      case IrqSet.DATA_EVENTFD -> assign(request, index, start, count, action);
      case IrqSet.DATA_BOOL -> {
        request.needs(IrqSet.SIZE + count);
        for (int i = 0; i < count; i++) {
          if (request.data(IrqSet.SIZE + i, 1).get(ValueLayout.JAVA_BYTE, 0) != 0) {
            act(index, start + i, action);
          }
        }
      }
      default -> {
        for (int i = 0; i < count; i++) {
          act(index, start + i, action);
        }
      }
    }
  }

  private void disable(int index, int data, int action) throws ErrnoException {
    if (data != IrqSet.DATA_NONE || action != IrqSet.ACTION_TRIGGER) {
      throw refused("SET_IRQS of no interrupts");
    }
    irqs.disable(index);
  }

  private void assign(Request request, int index, int start, int count, int action) throws ErrnoException {
    int fds = request.fds().count();
    if (action != IrqSet.ACTION_TRIGGER || (fds != 0 && fds != count)) {
      throw refused("SET_IRQS of %d interrupts with %d descriptors".formatted(count, fds));
    }
    for (int i = 0; i < count; i++) {
      irqs.assign(index, start + i, fds == 0 ? null : EventFd.of(request.fds().take(i)));
    }
  }

  private void act(int index, int vector, int action) throws ErrnoException {
    switch (action) {
      case IrqSet.ACTION_TRIGGER -> irqs.trigger(index, vector);
      case IrqSet.ACTION_MASK -> irqs.mask(index, true);
      default -> irqs.mask(index, false);
    }
  }

  private static ErrnoException refused(String reason) {
    return new ErrnoException(Errno.EINVAL, reason);
  }
}

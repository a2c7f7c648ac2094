// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.command;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.irq.EventFdSet;
import io.vfio4j.vfiouser.irq.IrqTable;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Reply;
import io.vfio4j.vfiouser.wire.Request;
import io.vfio4j.vfiouser.wire.Structs.IrqSet;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/** DEVICE_SET_IRQS. */
public final class IrqCommands implements CommandHandlers {

  private final IrqTable irqs;
  private final EventFdSet eventFdSet;
  /** The eventfds by which the client masks and unmasks INTx. */
  private EventFdSet.@Nullable Registration maskEventFd;
  private EventFdSet.@Nullable Registration unmaskEventFd;

  /**
   * @param eventFdSet monitors the client's eventfds, and owns them
   */
  public IrqCommands(IrqTable irqs, EventFdSet eventFdSet) {
    this.irqs = irqs;
    this.eventFdSet = eventFdSet;
  }

  @Override
  public void register(CommandTable table) {
    table.put(Command.DEVICE_SET_IRQS, this::setIrqs);
  }

  /** Returns the eventfd by which the client masks or unmasks INTx, which stays this object's, or null. */
  public @Nullable Fd maskFd(boolean masks) {
    EventFdSet.Registration registration = masks ? maskEventFd : unmaskEventFd;
    return registration == null ? null : registration.fd();
  }

  private void setIrqs(Request request, Reply reply) throws ErrnoException {
    request.requireArgsz(IrqSet.SIZE);
    int flags = request.u32(IrqSet.FLAGS);
    int data = flags & IrqSet.DATA_BITS;
    int action = flags & IrqSet.ACTION_BITS;
    if ((flags & ~(IrqSet.DATA_BITS | IrqSet.ACTION_BITS)) != 0 || Integer.bitCount(data) != 1
        || Integer.bitCount(action) != 1) {
      throw invalid("SET_IRQS with flags 0x" + Integer.toHexString(flags));
    }
    int index = request.u32(IrqSet.INDEX);
    if (index < 0 || index >= irqs.indexes()) {
      throw invalid("no interrupt index " + Integer.toUnsignedString(index));
    }
    int start = request.u32(IrqSet.START);
    int count = request.u32(IrqSet.COUNT);
    if (start < 0 || count < 0 || start > irqs.count(index) - count) {
      throw invalid("no interrupts %d to %d + %d".formatted(index, start, count));
    }
    if (count == 0) {
      disable(index, start, data, action);
      return;
    }
    if (action != IrqSet.ACTION_TRIGGER && index != DeviceDescription.INTX) {
      throw invalid("interrupt index " + index + " cannot be masked");
    }
    switch (data) {
      case IrqSet.DATA_EVENTFD -> connect(request, index, start, count, action);
      case IrqSet.DATA_BOOL -> {
        request.requireSize(IrqSet.SIZE + count);
        request.requireArgsz(IrqSet.SIZE, count);
        for (int i = 0; i < count; i++) {
          if (request.data(IrqSet.SIZE + i, 1).get(ValueLayout.JAVA_BYTE, 0) != 0) {
            apply(index, start + i, action);
          }
        }
      }
      default -> {
        for (int i = 0; i < count; i++) {
          apply(index, start + i, action);
        }
      }
    }
  }

  private void disable(int index, int start, int data, int action) throws ErrnoException {
    if (start != 0 || data != IrqSet.DATA_NONE || action != IrqSet.ACTION_TRIGGER) {
      throw invalid("SET_IRQS of no interrupts");
    }
    irqs.disable(index);
    if (index == DeviceDescription.INTX) {
      maskEventFd = replace(maskEventFd, null);
      unmaskEventFd = replace(unmaskEventFd, null);
    }
  }

  private void connect(Request request, int index, int start, int count, int action) throws ErrnoException {
    int fds = request.fds().count();
    if (fds != 0 && fds != count) {
      throw invalid("SET_IRQS of %d interrupts with %d descriptors".formatted(count, fds));
    }
    switch (action) {
      case IrqSet.ACTION_TRIGGER -> {
        for (int i = 0; i < count; i++) {
          irqs.assign(index, start + i, fds == 0 ? null : EventFd.of(request.fds().take(i)));
        }
      }
      case IrqSet.ACTION_MASK -> maskEventFd = replace(maskEventFd, registerEventFd(request, true));
      default -> unmaskEventFd = replace(unmaskEventFd, registerEventFd(request, false));
    }
  }

  /**
   * As in the kernel, the client signals such an eventfd: a hypervisor forwards the guest's end of interrupt
   * by it.
   */
  private EventFdSet.@Nullable Registration registerEventFd(Request request, boolean masks)
      throws ErrnoException {
    return request.fds().count() == 0
        ? null
        : eventFdSet.add(EventFd.of(request.fds().take(0)), () -> irqs.maskIntx(masks));
  }

  private static EventFdSet.@Nullable Registration replace(EventFdSet.@Nullable Registration before,
      EventFdSet.@Nullable Registration after) {
    if (before != null) {
      before.close();
    }
    return after;
  }

  private void apply(int index, int vector, int action) {
    switch (action) {
      case IrqSet.ACTION_TRIGGER -> irqs.trigger(index, vector);
      case IrqSet.ACTION_MASK -> irqs.maskIntx(true);
      default -> irqs.maskIntx(false);
    }
  }

  private static ErrnoException invalid(String reason) {
    return new ErrnoException(Errno.EINVAL, reason);
  }
}

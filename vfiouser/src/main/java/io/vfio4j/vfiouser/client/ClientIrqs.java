// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.info.IrqAction;
import io.vfio4j.model.info.IrqInfo;
import io.vfio4j.vfiouser.Limits;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs;
import io.vfio4j.vfiouser.wire.Structs.IrqSet;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * The interrupts of a served device, DEVICE_GET_IRQ_INFO and DEVICE_SET_IRQS. A request that exceeds the
 * server's limits is split into several messages; if one of them is refused, those before it have taken
 * effect.
 */
public final class ClientIrqs {

  private final ClientCalls calls;
  private final Limits limits;

  ClientIrqs(ClientContext context) {
    calls = context.calls();
    limits = context.limits();
  }

  /**
   * Queries an interrupt index.
   *
   * @throws DeviceException EINVAL if there is no such index
   */
  public IrqInfo info(int index) throws DeviceException {
    return calls.call("GET_IRQ_INFO of " + index, Command.DEVICE_GET_IRQ_INFO, head -> {
      head.asSlice(Header.SIZE, Structs.IrqInfo.SIZE).fill((byte) 0);
      head.set(LittleEndian.U32, Header.SIZE, Structs.IrqInfo.SIZE);
      head.set(LittleEndian.U32, Header.SIZE + Structs.IrqInfo.INDEX, index);
      return Structs.IrqInfo.SIZE;
    }, MemorySegment.NULL, reader -> {
      int at = ClientCalls.readBody(reader, Structs.IrqInfo.SIZE);
      MemorySegment reply = reader.buffer().segment();
      return new IrqInfo(index, reply.get(LittleEndian.U32, at + Structs.IrqInfo.FLAGS),
          reply.get(LittleEndian.U32, at + Structs.IrqInfo.COUNT));
    });
  }

  /**
   * Makes the device signal eventfds for its interrupts,
   * {@code VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER}.
   *
   * @param index the interrupt's index
   * @param start the first vector
   * @param eventFds an eventfd for each vector from there on; they remain the caller's
   * @throws DeviceException EINVAL if there are no such vectors, EOPNOTSUPP if the server accepts no
   *     descriptors
   */
  public void assign(int index, int start, List<EventFd> eventFds) throws DeviceException {
    connect(IrqAction.TRIGGER, index, start, eventFds);
  }

  /**
   * Assigns eventfds to an action. For {@link IrqAction#TRIGGER} the device signals them. For the other two
   * the client does, to mask or unmask, as a hypervisor does at the end of an interrupt.
   *
   * @param index the interrupt's index
   * @param start the first vector
   * @param eventFds an eventfd for each vector from there on; they remain the caller's
   * @throws DeviceException as {@link #assign}, and EINVAL if the index does not support the action
   */
  public void connect(IrqAction action, int index, int start, List<EventFd> eventFds) throws DeviceException {
    int maxFds = limits.maxMsgFds();
    if (maxFds == 0) {
      throw new DeviceException(calls.name(), "SET_IRQS of " + index + " with eventfds", Errno.EOPNOTSUPP);
    }
    for (int done = 0; done < eventFds.size(); done += maxFds) {
      List<EventFd> part = eventFds.subList(done, Math.min(eventFds.size(), done + maxFds));
      set(index, start + done, part.size(), IrqSet.DATA_EVENTFD | action.flag(), MemorySegment.NULL,
          part.stream().map(EventFd::fd).toList());
    }
  }

  /**
   * Removes eventfds. For MSI-X and {@link IrqAction#TRIGGER}, before any vector is assigned, it also
   * announces that the index is about to be used.
   *
   * @param index the interrupt's index
   * @param start the first vector
   * @param count number of vectors, at least 1
   * @throws DeviceException EINVAL if there are no such vectors
   */
  public void disconnect(IrqAction action, int index, int start, int count) throws DeviceException {
    set(index, start, count, IrqSet.DATA_EVENTFD | action.flag(), MemorySegment.NULL, List.of());
  }

  /**
   * Disables all interrupts of an index.
   *
   * @throws DeviceException EINVAL if there is no such index
   */
  public void disable(int index) throws DeviceException {
    set(index, 0, 0, IrqSet.DATA_NONE | IrqSet.ACTION_TRIGGER, MemorySegment.NULL, List.of());
  }

  /**
   * Applies an action to consecutive interrupts, {@code VFIO_IRQ_SET_DATA_NONE}.
   *
   * @param index the interrupts' index
   * @param start the first vector
   * @param count number of vectors, at least 1
   * @throws DeviceException EINVAL if there are no such vectors, or the index does not support the action
   */
  public void apply(IrqAction action, int index, int start, int count) throws DeviceException {
    set(index, start, count, IrqSet.DATA_NONE | action.flag(), MemorySegment.NULL, List.of());
  }

  /**
   * Applies an action to some of consecutive interrupts, {@code VFIO_IRQ_SET_DATA_BOOL}.
   *
   * @param index the interrupts' index
   * @param start the first vector
   * @param selected for each vector from there on, whether to apply the action
   * @throws DeviceException as {@link #apply(IrqAction, int, int, int)}
   */
  public void apply(IrqAction action, int index, int start, boolean[] selected) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      for (int done = 0; done < selected.length;) {
        int count = Math.min(limits.maxDataXferSize(), selected.length - done);
        MemorySegment bools = arena.allocate(count);
        for (int i = 0; i < count; i++) {
          bools.set(ValueLayout.JAVA_BYTE, i, (byte) (selected[done + i] ? 1 : 0));
        }
        set(index, start + done, count, IrqSet.DATA_BOOL | action.flag(), bools, List.of());
        done += count;
      }
    }
  }

  private void set(int index, int start, int count, int flags, MemorySegment data, List<Fd> fds)
      throws DeviceException {
    calls.call("SET_IRQS of " + index, Command.DEVICE_SET_IRQS, head -> {
      head.set(LittleEndian.U32, Header.SIZE, IrqSet.SIZE + (int) data.byteSize());
      head.set(LittleEndian.U32, Header.SIZE + IrqSet.FLAGS, flags);
      head.set(LittleEndian.U32, Header.SIZE + IrqSet.INDEX, index);
      head.set(LittleEndian.U32, Header.SIZE + IrqSet.START, start);
      head.set(LittleEndian.U32, Header.SIZE + IrqSet.COUNT, count);
      return IrqSet.SIZE;
    }, data, fds, reader -> Boolean.TRUE);
  }
}

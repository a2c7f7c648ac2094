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
 * The interrupts of a served device, DEVICE_GET_IRQ_INFO and DEVICE_SET_IRQS. What is more than a message takes goes
 * in several, one after the other; if one of them is refused, those before it have been carried out.
 */
public final class ClientIrqs {

  private final ClientCalls calls;
  private final Limits limits;

  ClientIrqs(ClientCalls calls, Limits limits) {
    this.calls = calls;
    this.limits = limits;
  }

  /**
   * Asks about an interrupt index.
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
   * Lets interrupts be heard through eventfds, {@code VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER}.
   *
   * @param index the interrupt's index
   * @param start the first vector
   * @param eventFds an eventfd for each vector from there on; they stay the caller's
   * @throws DeviceException EINVAL if there are no such vectors, EOPNOTSUPP if the server takes no descriptors
   */
  public void assign(int index, int start, List<EventFd> eventFds) throws DeviceException {
    connect(IrqAction.TRIGGER, index, start, eventFds);
  }

  /**
   * Connects eventfds with an action. For {@link IrqAction#TRIGGER} the device signals them; for the other two it is
   * who holds one that masks or unmasks by signalling it, as the hypervisor does at the end of an interrupt.
   *
   * @param index the interrupt's index
   * @param start the first vector
   * @param eventFds an eventfd for each vector from there on; they stay the caller's
   * @throws DeviceException as {@link #assign}, and EINVAL if the index does not know the action
   */
  public void connect(IrqAction action, int index, int start, List<EventFd> eventFds) throws DeviceException {
    int most = limits.maxMsgFds();
    if (most == 0) {
      throw new DeviceException(calls.name(), "SET_IRQS of " + index + " with eventfds", Errno.EOPNOTSUPP);
    }
    for (int done = 0; done < eventFds.size(); done += most) {
      List<EventFd> part = eventFds.subList(done, Math.min(eventFds.size(), done + most));
      set(index, start + done, part.size(), IrqSet.DATA_EVENTFD | action.flag(), MemorySegment.NULL,
          part.stream().map(EventFd::fd).toList());
    }
  }

  /**
   * Takes eventfds away again: {@link #connect} without any. For MSI-X and {@link IrqAction#TRIGGER}, before any
   * vector is assigned, it is also a way to say that the index is about to be used.
   *
   * @param index the interrupt's index
   * @param start the first vector
   * @param count how many, at least 1
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
   * Does something with interrupts in a row, {@code VFIO_IRQ_SET_DATA_NONE}.
   *
   * @param index the interrupts' index
   * @param start the first vector
   * @param count how many, at least 1
   * @throws DeviceException EINVAL if there are no such vectors, or the index does not know the action
   */
  public void apply(IrqAction action, int index, int start, int count) throws DeviceException {
    set(index, start, count, IrqSet.DATA_NONE | action.flag(), MemorySegment.NULL, List.of());
  }

  /**
   * Does something with some of the interrupts in a row, {@code VFIO_IRQ_SET_DATA_BOOL}.
   *
   * @param index the interrupts' index
   * @param start the first vector
   * @param which for each vector from there on whether it is meant
   * @throws DeviceException as {@link #apply(IrqAction, int, int, int)}
   */
  public void apply(IrqAction action, int index, int start, boolean[] which) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      for (int done = 0; done < which.length;) {
        int count = Math.min(limits.maxDataXferSize(), which.length - done);
        MemorySegment chosen = arena.allocate(count);
        for (int i = 0; i < count; i++) {
          chosen.set(ValueLayout.JAVA_BYTE, i, (byte) (which[done + i] ? 1 : 0));
        }
        set(index, start + done, count, IrqSet.DATA_BOOL | action.flag(), chosen, List.of());
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

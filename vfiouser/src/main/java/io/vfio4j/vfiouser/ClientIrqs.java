// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.model.DeviceException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** The client's side of DEVICE_GET_IRQ_INFO and DEVICE_SET_IRQS. */
final class ClientIrqs {

  private final ClientCalls calls;
  private final int maxMsgFds;

  ClientIrqs(ClientCalls calls, Limits limits) {
    this.calls = calls;
    maxMsgFds = limits.maxMsgFds();
  }

  IrqInfo info(int index) throws DeviceException {
    return calls.call("GET_IRQ_INFO of " + index, Command.DEVICE_GET_IRQ_INFO, head -> {
      head.asSlice(Header.SIZE, Structs.IrqInfo.SIZE).fill((byte) 0);
      head.set(Wire.U32, Header.SIZE, Structs.IrqInfo.SIZE);
      head.set(Wire.U32, Header.SIZE + Structs.IrqInfo.INDEX, index);
      return Structs.IrqInfo.SIZE;
    }, MemorySegment.NULL, reader -> {
      int at = ClientCalls.body(reader, Structs.IrqInfo.SIZE);
      MemorySegment reply = reader.buffer().segment();
      return new IrqInfo(index, reply.get(Wire.U32, at + Structs.IrqInfo.FLAGS),
          reply.get(Wire.U32, at + Structs.IrqInfo.COUNT));
    });
  }

  void assign(int index, int start, List<EventFd> eventFds) throws DeviceException {
    int most = Math.max(1, maxMsgFds);
    for (int done = 0; done < eventFds.size(); done += most) {
      List<EventFd> part = eventFds.subList(done, Math.min(eventFds.size(), done + most));
      set(index, start + done, part.size(), Structs.IrqSet.DATA_EVENTFD | Structs.IrqSet.ACTION_TRIGGER,
          part.stream().map(EventFd::fd).toList());
    }
  }

  void disable(int index) throws DeviceException {
    set(index, 0, 0, Structs.IrqSet.DATA_NONE | Structs.IrqSet.ACTION_TRIGGER, List.of());
  }

  void unmaskIntx() throws DeviceException {
    set(DeviceDescription.INTX, 0, 1, Structs.IrqSet.DATA_NONE | Structs.IrqSet.ACTION_UNMASK, List.of());
  }

  private void set(int index, int start, int count, int flags, List<Fd> fds) throws DeviceException {
    calls.call("SET_IRQS of " + index, Command.DEVICE_SET_IRQS, head -> {
      head.set(Wire.U32, Header.SIZE, Structs.IrqSet.SIZE);
      head.set(Wire.U32, Header.SIZE + Structs.IrqSet.FLAGS, flags);
      head.set(Wire.U32, Header.SIZE + Structs.IrqSet.INDEX, index);
      head.set(Wire.U32, Header.SIZE + Structs.IrqSet.START, start);
      head.set(Wire.U32, Header.SIZE + Structs.IrqSet.COUNT, count);
      return Structs.IrqSet.SIZE;
    }, MemorySegment.NULL, fds, reader -> Boolean.TRUE);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.command.IrqCommands;
import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.dma.MappedRange;
import io.vfio4j.vfiouser.handover.ConnectionImage;
import io.vfio4j.vfiouser.handover.ConnectionRecord;
import io.vfio4j.vfiouser.handover.RecordKind;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Header;
import io.vfio4j.vfiouser.wire.LittleEndian;
import io.vfio4j.vfiouser.wire.Structs.DmaMap;
import io.vfio4j.vfiouser.wire.Structs.IrqSet;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The mappings and interrupts of a connection as the commands that create them, so that another server can
 * execute them with the handlers that it has for the VMM.
 */
public final class SetupMessages {

  private final DeviceContext context;

  SetupMessages(DeviceContext context) {
    this.context = context;
  }

  void export(ConnectionImage.Builder image, IrqCommands irqs) throws ErrnoException {
    for (MappedRange mapping : context.dma().mapped()) {
      image.add(setup(Command.DMA_MAP, dmaMap(mapping), mapping.file().map(List::of).orElse(List.of())));
    }
    for (int index = 0; index < context.irqs().indexes(); index++) {
      for (int vector = 0; vector < context.irqs().count(index); vector++) {
        EventFd eventFd = context.irqs().eventFd(index, vector);
        addIrq(image, IrqSet.ACTION_TRIGGER, index, vector, eventFd == null ? null : eventFd.fd());
      }
    }
    addIrq(image, IrqSet.ACTION_MASK, DeviceDescription.INTX, 0, irqs.maskFd(true));
    addIrq(image, IrqSet.ACTION_UNMASK, DeviceDescription.INTX, 0, irqs.maskFd(false));
  }

  private static MemorySegment dmaMap(MappedRange mapping) {
    MemorySegment body = MemorySegment.ofArray(new byte[DmaMap.SIZE]);
    body.set(LittleEndian.U32, 0, DmaMap.SIZE);
    body.set(LittleEndian.U32, DmaMap.FLAGS, mapping.flags());
    body.set(LittleEndian.U64, DmaMap.OFFSET, mapping.offset());
    body.set(LittleEndian.U64, DmaMap.IOVA, mapping.range().iova());
    body.set(LittleEndian.U64, DmaMap.LENGTH, mapping.range().length());
    return body;
  }

  private static void addIrq(ConnectionImage.Builder image, int action, int index, int vector,
      @Nullable Fd fd)
      throws ErrnoException {
    if (fd == null) {
      return;
    }
    MemorySegment body = MemorySegment.ofArray(new byte[IrqSet.SIZE]);
    body.set(LittleEndian.U32, 0, IrqSet.SIZE);
    body.set(LittleEndian.U32, IrqSet.FLAGS, IrqSet.DATA_EVENTFD | action);
    body.set(LittleEndian.U32, IrqSet.INDEX, index);
    body.set(LittleEndian.U32, IrqSet.START, vector);
    body.set(LittleEndian.U32, IrqSet.COUNT, 1);
    image.add(setup(Command.DEVICE_SET_IRQS, body, List.of(fd)));
  }

  private static ConnectionRecord setup(Command command, MemorySegment body, List<Fd> fds) {
    MemorySegment message = MemorySegment.ofArray(new byte[Header.SIZE + (int) body.byteSize()]);
    Header.write(message, 0, command.wireValue(), message.byteSize(), Header.TYPE_COMMAND | Header.NO_REPLY,
        0);
    MemorySegment.copy(body, 0, message, Header.SIZE, body.byteSize());
    return new ConnectionRecord(RecordKind.SETUP, message, fds);
  }

  /**
   * Checks that a record is a command that only sets up mappings or interrupts.
   *
   * @throws ErrnoException EINVAL if it is not
   */
  static void check(ConnectionRecord record) throws ErrnoException {
    MemorySegment message = record.body();
    long size = message.byteSize();
    Command command = size < Header.SIZE ? null : Command.fromWire(Header.command(message, 0));
    boolean isSetup = command == Command.DMA_MAP ? size == Header.SIZE + DmaMap.SIZE
        : command == Command.DEVICE_SET_IRQS && size == Header.SIZE + IrqSet.SIZE
            && (message.get(LittleEndian.U32, Header.SIZE + IrqSet.FLAGS)
                & IrqSet.DATA_BITS) == IrqSet.DATA_EVENTFD;
    if (!isSetup || Header.messageSize(message, 0) != size) {
      throw new ErrnoException(Errno.EINVAL, "the image of the connection sets it up with " + command);
    }
  }

  /** Returns duplicates of descriptors, which the caller then owns. */
  public static List<Fd> duplicates(List<Fd> fds) throws ErrnoException {
    List<Fd> duplicates = new ArrayList<>();
    try {
      for (Fd fd : fds) {
        duplicates.add(fd.duplicate());
      }
      return duplicates;
    } catch (LinuxException e) {
      duplicates.forEach(Fd::close);
      throw new ErrnoException(e.errno(), "a descriptor of the connection cannot be duplicated", e);
    }
  }

  /** Returns duplicates of eventfds, which the caller then owns. */
  static List<EventFd> eventFds(List<Fd> fds) throws ErrnoException {
    return duplicates(fds).stream().map(EventFd::of).toList();
  }

  /** Returns a number as the body of a record. */
  static MemorySegment number(int value) {
    MemorySegment body = MemorySegment.ofArray(new byte[Integer.BYTES]);
    body.set(LittleEndian.U32, 0, value);
    return body;
  }

  /**
   * Returns the number that is the body of a record.
   *
   * @throws ErrnoException EINVAL if the body has another size
   */
  static int number(MemorySegment body) throws ErrnoException {
    if (body.byteSize() != Integer.BYTES) {
      throw new ErrnoException(Errno.EINVAL, "the image of the connection has a number of " + body.byteSize()
          + " bytes");
    }
    return body.get(LittleEndian.U32, 0);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.linux.vfio;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.vfio.DeviceStructs.Irq;
import io.vfio4j.linux.vfio.DeviceStructs.IrqSet;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.info.IrqAction;
import io.vfio4j.model.info.IrqInfo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/** The interrupts of a kernel device, by indexes as in {@code VFIO_PCI_*_IRQ_INDEX}. */
public final class KernelIrqs {

  private static final int NO_EVENTFD = -1;

  private final VfioFile file;

  KernelIrqs(VfioFile file) {
    this.file = file;
  }

  /**
   * Queries an interrupt index.
   *
   * @throws DeviceException EINVAL if there is no such index
   */
  public IrqInfo info(int index) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment reply = Struct.allocate(arena, Irq.LAYOUT);
      reply.set(JAVA_INT, Irq.INDEX, index);
      file.ioctl("query interrupt index " + index, Ioctl.VFIO_DEVICE_GET_IRQ_INFO, reply);
      return new IrqInfo(index, reply.get(JAVA_INT, Irq.FLAGS), reply.get(JAVA_INT, Irq.COUNT));
    }
  }

  /**
   * Connects eventfds to an action. With {@link IrqAction#TRIGGER}, the device signals them; with the other
   * two, any holder of the eventfd masks or unmasks the interrupt by signalling it.
   *
   * @param action the action
   * @param index the interrupt index
   * @param start the first vector
   * @param eventFds an eventfd for each vector from {@code start}, still owned by the caller; the kernel
   *     keeps a reference
   * @throws DeviceException EINVAL if there are no such vectors, or the index does not support the action
   */
  public void connect(IrqAction action, int index, int start, List<EventFd> eventFds) throws DeviceException {
    set(index, start, eventFds.size(), IrqSet.DATA_EVENTFD | action.flag(),
        eventFds.stream().mapToInt(eventFd -> eventFd.fd().number()).toArray());
  }

  /**
   * Disconnects eventfds from an action.
   *
   * @param action the action
   * @param index the interrupt index
   * @param start the first vector
   * @param count the number of vectors, at least 1
   * @throws DeviceException EINVAL if there are no such vectors
   */
  public void disconnect(IrqAction action, int index, int start, int count) throws DeviceException {
    int[] none = new int[count];
    Arrays.fill(none, NO_EVENTFD);
    set(index, start, count, IrqSet.DATA_EVENTFD | action.flag(), none);
  }

  /**
   * Applies an action to consecutive interrupts.
   *
   * @param action the action
   * @param index the interrupt index
   * @param start the first vector
   * @param count the number of vectors, at least 1
   * @throws DeviceException EINVAL if there are no such vectors, or the index does not support the action
   */
  public void apply(IrqAction action, int index, int start, int count) throws DeviceException {
    set(index, start, count, IrqSet.DATA_NONE | action.flag());
  }

  /**
   * Disables all interrupts of an index.
   *
   * @throws DeviceException EINVAL if there is no such index
   */
  public void disable(int index) throws DeviceException {
    set(index, 0, 0, IrqSet.DATA_NONE | IrqAction.TRIGGER.flag());
  }

  private void set(int index, int start, int count, int flags, int... fds) throws DeviceException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment set = Struct.allocate(arena, IrqSet.LAYOUT, (long) fds.length * Integer.BYTES);
      set.set(JAVA_INT, IrqSet.FLAGS, flags);
      set.set(JAVA_INT, IrqSet.INDEX, index);
      set.set(JAVA_INT, IrqSet.START, start);
      set.set(JAVA_INT, IrqSet.COUNT, count);
      MemorySegment.copy(fds, 0, set, JAVA_INT, IrqSet.DATA, fds.length);
      file.ioctl("set interrupts of index " + index, Ioctl.VFIO_DEVICE_SET_IRQS, set);
    }
  }
}

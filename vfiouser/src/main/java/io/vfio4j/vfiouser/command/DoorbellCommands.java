// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.command;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.vfiouser.Doorbell;
import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.irq.EventFdSet;
import io.vfio4j.vfiouser.wire.Command;
import io.vfio4j.vfiouser.wire.Reply;
import io.vfio4j.vfiouser.wire.Request;
import io.vfio4j.vfiouser.wire.Structs.IoEventFd;
import io.vfio4j.vfiouser.wire.Structs.IoFds;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * DEVICE_GET_REGION_IO_FDS: returns eventfds for a device's doorbells. The device sees a signal as a write. A
 * doorbell has one eventfd for each client, however often it is requested.
 */
public final class DoorbellCommands implements CommandHandlers {

  private final EmulatedDevice device;
  private final DeviceDescription description;
  private final EventFdSet eventFdSet;
  private final int maxMsgFds;
  private final Arena memory;
  private final Map<Integer, List<Fd>> eventFdsByRegion = new HashMap<>();

  /**
   * @param eventFdSet monitors the eventfds, and owns them
   * @param memory allocates the data of the writes; lives at least as long as {@code eventFdSet}
   */
  public DoorbellCommands(EmulatedDevice device, EventFdSet eventFdSet, int maxMsgFds, Arena memory) {
    this.device = device;
    this.description = device.description();
    this.eventFdSet = eventFdSet;
    this.maxMsgFds = maxMsgFds;
    this.memory = memory;
  }

  @Override
  public void register(CommandTable table) {
    table.put(Command.DEVICE_GET_REGION_IO_FDS, this::regionIoFds);
  }

  private void regionIoFds(Request request, Reply reply) throws ErrnoException {
    request.requireArgsz(IoFds.SIZE);
    int index = request.u32(IoFds.INDEX);
    if (index < 0 || index >= description.regions().size() || description.regions().get(index).size() == 0) {
      throw new ErrnoException(Errno.EINVAL, "no region " + Integer.toUnsignedString(index));
    }
    if (request.u32(IoFds.FLAGS) != 0 || request.u32(IoFds.COUNT) != 0) {
      throw new ErrnoException(Errno.EINVAL, "GET_REGION_IO_FDS with flags or a count");
    }
    List<Doorbell> doorbells = description.regions().get(index).doorbells();
    // Further doorbells are written by message.
    int count = Math.min(doorbells.size(), Math.min(maxMsgFds, IoFds.MAX_DOORBELLS));
    int fullSize = IoFds.SIZE + count * IoEventFd.SIZE;
    reply.size(IoFds.SIZE).u32(0, fullSize).u32(IoFds.FLAGS, 0).u32(IoFds.INDEX, index).u32(IoFds.COUNT,
        count);
    if (count == 0 || Integer.compareUnsigned(request.u32(0), fullSize) < 0) {
      return;
    }
    for (int i = 0; i < count; i++) {
      encode(doorbells.get(i), i, reply);
    }
    reply.size(fullSize).fds(eventFds(index, count));
  }

  private static void encode(Doorbell doorbell, int number, Reply reply) {
    int at = IoFds.SIZE + number * IoEventFd.SIZE;
    reply.u64(at + IoEventFd.OFFSET, doorbell.offset()).u64(at + IoEventFd.LENGTH, doorbell.size())
        .u32(at + IoEventFd.FD_INDEX, number).u32(at + IoEventFd.TYPE, IoEventFd.TYPE_IOEVENTFD)
        .u32(at + IoEventFd.FLAGS, doorbell.datamatch().isPresent() ? IoEventFd.DATAMATCH : 0)
        .u32(at + IoEventFd.SHADOW_FD_INDEX, 0).u64(at + IoEventFd.SHADOW_OFFSET, 0)
        .u64(at + IoEventFd.MATCH, doorbell.datamatch().orElse(0));
  }

  private List<Fd> eventFds(int region, int count) throws ErrnoException {
    List<Fd> fds = eventFdsByRegion.computeIfAbsent(region, key -> new ArrayList<>());
    while (fds.size() < count) {
      try {
        add(region, EventFd.create());
      } catch (LinuxException e) {
        throw new ErrnoException(e.errno(), "cannot create an eventfd for a doorbell");
      }
    }
    return fds;
  }

  /** Monitors the eventfd of the next doorbell of a region. */
  private void add(int region, EventFd eventFd) throws ErrnoException {
    List<Fd> fds = eventFdsByRegion.computeIfAbsent(region, key -> new ArrayList<>());
    Doorbell doorbell = description.regions().get(region).doorbells().get(fds.size());
    MemorySegment data = memory.allocate(doorbell.size(), Long.BYTES);
    if (doorbell.datamatch().isPresent()) {
      long match = doorbell.datamatch().getAsLong();
      for (int i = 0; i < data.byteSize(); i++) {
        data.set(ValueLayout.JAVA_BYTE, i, (byte) (match >>> (Byte.SIZE * i)));
      }
    }
    fds.add(eventFdSet.add(eventFd, () -> onRing(region, doorbell, data)).fd());
  }

  /** Returns the eventfds of the doorbells by region, which stay this object's. */
  public Map<Integer, List<Fd>> eventFds() {
    return eventFdsByRegion;
  }

  /**
   * Monitors the eventfds that another server created for the doorbells of a region.
   *
   * @param eventFds in the order of the doorbells; owned by this object, even if this fails
   * @throws ErrnoException EINVAL if there are more than doorbells, or the region has eventfds; others if one
   *     cannot be polled
   */
  public void restore(int region, List<EventFd> eventFds) throws ErrnoException {
    int known = region < 0 || region >= description.regions().size() || eventFdsByRegion.containsKey(region)
        ? 0
        : description.regions().get(region).doorbells().size();
    if (eventFds.size() > known) {
      eventFds.forEach(EventFd::close);
      throw new ErrnoException(Errno.EINVAL,
          "%d eventfds for %d new doorbells of region %s".formatted(eventFds.size(),
              known, Integer.toUnsignedString(region)));
    }
    for (int i = 0; i < eventFds.size(); i++) {
      try {
        add(region, eventFds.get(i));
      } catch (ErrnoException e) {
        eventFds.subList(i + 1, eventFds.size()).forEach(EventFd::close);
        throw e;
      }
    }
  }

  private void onRing(int region, Doorbell doorbell, MemorySegment data) {
    try {
      device.writeRegion(region, doorbell.offset(), data);
    } catch (ErrnoException e) {
      // As with a posted write, there is no reply.
    }
  }
}

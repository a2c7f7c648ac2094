// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.vfiouser.Doorbell;
import java.util.List;

/**
 * The doorbells of a region of a served device, with their eventfds. Thread-safe. The device of a vfio4j
 * server sees a doorbell that was rung before a message was sent before that message, unless it waits for a
 * reply to DMA_READ or DMA_WRITE at that time.
 */
public final class Doorbells implements AutoCloseable {

  private final List<Doorbell> doorbells;
  private final List<EventFd> eventFds;

  /**
   * Makes the doorbells of a region.
   *
   * @param eventFds one for each doorbell; doorbells may share one
   */
  Doorbells(List<Doorbell> doorbells, List<EventFd> eventFds) {
    this.doorbells = List.copyOf(doorbells);
    this.eventFds = List.copyOf(eventFds);
  }

  /** Returns all doorbells, in the server's order. */
  public List<Doorbell> all() {
    return doorbells;
  }

  /** Returns the eventfd of a doorbell, for example for KVM_IOEVENTFD; owned by this object. */
  public EventFd eventFd(int index) {
    return eventFds.get(index);
  }

  /**
   * Rings a doorbell.
   *
   * @param index the doorbell's index in {@link #all}
   * @throws LinuxException EBADF if this is closed; EPIPE or another errno if the server sent a descriptor
   *     that is not an eventfd
   */
  public void ring(int index) throws LinuxException {
    eventFds.get(index).signal();
  }

  @Override
  public void close() {
    eventFds.forEach(EventFd::close);
  }
}

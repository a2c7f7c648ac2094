// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.client;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.vfiouser.Doorbell;
import java.util.List;

/**
 * The doorbells of a served device's region, with the eventfds that ring them. Safe for use by several threads. What is
 * rung before a message is sent, a server of ours lets its device see before that message, unless the device waits for
 * memory of the client's just then.
 */
public final class Doorbells implements AutoCloseable {

  private final List<Doorbell> doorbells;
  private final List<EventFd> eventFds;

  /**
   * Makes doorbells.
   *
   * @param eventFds one for each doorbell; several may have the same
   */
  Doorbells(List<Doorbell> doorbells, List<EventFd> eventFds) {
    this.doorbells = List.copyOf(doorbells);
    this.eventFds = List.copyOf(eventFds);
  }

  /** Returns them all, in the order in which the server has them. */
  public List<Doorbell> all() {
    return doorbells;
  }

  /** Returns the eventfd of a doorbell, as for KVM_IOEVENTFD; it stays this object's. */
  public EventFd eventFd(int index) {
    return eventFds.get(index);
  }

  /**
   * Rings a doorbell.
   *
   * @param index which of {@link #all}
   * @throws LinuxException EBADF if this is closed; EPIPE and others if the server gave something else than an eventfd
   */
  public void ring(int index) throws LinuxException {
    eventFds.get(index).signal();
  }

  @Override
  public void close() {
    eventFds.forEach(EventFd::close);
  }
}

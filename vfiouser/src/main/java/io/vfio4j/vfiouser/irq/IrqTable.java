// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.irq;

import io.vfio4j.linux.EventFd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.device.Interrupts;
import java.util.BitSet;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The eventfds of a device's interrupts, as set by DEVICE_SET_IRQS (uapi/linux/vfio.h,
 * {@code struct vfio_irq_set}). INTx is level-triggered: it fires when the level is high and it is not
 * masked, and is then masked until the client unmasks it. Used on the device's thread.
 */
public final class IrqTable implements Interrupts {

  /** {@code VFIO_IRQ_INFO_EVENTFD}. */
  static final int INFO_EVENTFD = 1;
  /** {@code VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED}, of INTx. */
  static final int INFO_INTX = 6;

  private final @Nullable EventFd[][] eventFds;
  private final Consumer<String> log;
  private boolean intxMasked;
  private boolean intxLevel;
  private boolean isRestoring;
  /** The vectors that fired since {@link #recordSignals} or {@link #repeatSignals}, by index; null if not recorded. */
  private BitSet @Nullable [] signalled;

  public IrqTable(List<Integer> counts, Consumer<String> log) {
    this.log = log;
    eventFds = new EventFd[counts.size()][];
    for (int index = 0; index < eventFds.length; index++) {
      eventFds[index] = new EventFd[counts.get(index)];
    }
  }

  public int indexes() {
    return eventFds.length;
  }

  public int count(int index) {
    return eventFds[index].length;
  }

  public int infoFlags(int index) {
    return index == DeviceDescription.INTX ? INFO_EVENTFD | INFO_INTX : INFO_EVENTFD;
  }

  /** Sets the eventfd of a vector, or none. */
  public void assign(int index, int vector, @Nullable EventFd eventFd) {
    EventFd before = eventFds[index][vector];
    if (before != null) {
      before.close();
    }
    eventFds[index][vector] = eventFd;
    if (index == DeviceDescription.INTX && eventFd != null && !isRestoring) {
      intxMasked = false;
      fireIntx();
    }
  }

  public void disable(int index) {
    for (int vector = 0; vector < eventFds[index].length; vector++) {
      assign(index, vector, null);
    }
  }

  /** Disables all interrupts, for a client that has disconnected. */
  public void clear() {
    isRestoring = false;
    for (int index = 0; index < eventFds.length; index++) {
      disable(index);
    }
    intxMasked = false;
  }

  /** Returns the eventfd of a vector, which stays this table's, or null. */
  public @Nullable EventFd eventFd(int index, int vector) {
    return eventFds[index][vector];
  }

  public boolean isIntxMasked() {
    return intxMasked;
  }

  /**
   * Begins to restore a connection that another server had: until {@link #setIntxMasked}, INTx neither fires nor
   * changes its mask.
   */
  public void beginRestore() {
    isRestoring = true;
  }

  /**
   * Sets the mask that another server had, and ends {@link #beginRestore}. INTx fires if it is not masked and
   * the level is high.
   */
  public void setIntxMasked(boolean masked) {
    isRestoring = false;
    intxMasked = masked;
    fireIntx();
  }

  /** Masks or unmasks INTx, the only maskable index. */
  public void maskIntx(boolean masked) {
    intxMasked = masked;
    fireIntx();
  }

  @Override
  public boolean isEnabled(int index) {
    for (EventFd eventFd : eventFds[index]) {
      if (eventFd != null) {
        return true;
      }
    }
    return false;
  }

  /** Returns the vectors of an index that are enabled. */
  public BitSet enabled(int index) {
    BitSet enabled = new BitSet();
    for (int vector = 0; vector < eventFds[index].length; vector++) {
      enabled.set(vector, eventFds[index][vector] != null);
    }
    return enabled;
  }

  /** Records from now on which vectors fire, even without an eventfd, for {@link #repeatSignals}. */
  public void recordSignals() {
    signalled = new BitSet[eventFds.length];
    for (int index = 0; index < signalled.length; index++) {
      signalled[index] = new BitSet();
    }
  }

  /**
   * Signals each recorded vector once, for a VMM that has replaced the one to which they were signalled: that one may
   * not have delivered the last of them to its guest. INTx, which has a level, is not recorded.
   */
  public void repeatSignals() {
    BitSet[] recorded = signalled;
    if (recorded == null) {
      return;
    }
    recordSignals();
    for (int index = 0; index < recorded.length; index++) {
      for (int vector = recorded[index].nextSetBit(0); vector >= 0; vector =
          recorded[index].nextSetBit(vector + 1)) {
        trigger(index, vector);
      }
    }
  }

  @Override
  public void trigger(int index, int vector) {
    if (signalled != null && index != DeviceDescription.INTX) {
      signalled[index].set(vector);
    }
    EventFd eventFd = eventFds[index][vector];
    if (eventFd == null) {
      return;
    }
    try {
      eventFd.signal();
    } catch (LinuxException e) {
      log.accept("interrupt " + index + "/" + vector + " is disabled, because its eventfd failed: "
          + e.getMessage());
      assign(index, vector, null);
    }
  }

  @Override
  public void intxLevel(boolean high) {
    intxLevel = high;
    fireIntx();
  }

  private void fireIntx() {
    if (intxLevel && !intxMasked && !isRestoring && eventFds[DeviceDescription.INTX].length > 0
        && eventFds[DeviceDescription.INTX][0] != null) {
      intxMasked = true;
      trigger(DeviceDescription.INTX, 0);
    }
  }
}

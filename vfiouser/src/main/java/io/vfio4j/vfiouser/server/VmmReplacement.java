// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.server;

import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.UnixSocket;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.TransitionException;
import io.vfio4j.vfiouser.handover.Preflight;
import io.vfio4j.vfiouser.handover.VmmSetup;
import io.vfio4j.vfiouser.log.LogLimiter;
import io.vfio4j.vfiouser.parked.ParkedDevice;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Replaces the VMM of a device while the device runs: a second VMM, the candidate, is parked, and changes places with the
 * owner. Used on the device's thread, except {@link #admit}.
 *
 * <table> <caption>States of the device</caption>
 * <tr><th>state</th><th>entered by</th><th>left by</th></tr>
 * <tr><td>unowned</td><td>the loss of the owner without a grace time, or the end of it</td><td>a client, which becomes
 * the owner</td></tr>
 * <tr><td>owned</td><td>a client, or a handover</td><td>the loss of the owner</td></tr>
 * <tr><td>orphaned</td><td>the loss of the owner, with a grace time</td><td>the handover to a candidate that passes the
 * preflight, or the end of the grace time: then the device is reset</td></tr>
 * </table>
 */
final class VmmReplacement implements OwnerLoss, AutoCloseable {

  /** How long the owner must be silent before it is replaced. */
  private static final long QUIET_NANOS = 1_000_000;

  /** How often the candidate of an orphaned device is examined. */
  private static final long EXAMINE_NANOS = 5_000_000;

  /** A device that has lost its owner. */
  private record Orphan(VmmSetup lost, long deadline) {
  }

  private final DeviceBackend backend;
  private final DeviceContext context;
  private final ParkedVmm parked;
  private final LogLimiter log;
  private final LongSupplier clock;
  private final long graceNanos;
  /** Guards {@link #isOwned}. */
  private final Object lock = new Object();
  private boolean isOwned;
  private @Nullable Orphan orphan;
  /** Whether the device was reset without an owner, and a candidate that is connected becomes the owner. */
  private boolean awaitsCandidate;

  /**
   * Creates the replacement of a device's VMM.
   *
   * @param backend of the device, which was just attached
   * @param grace how long a device that has lost its owner waits for a candidate; zero to be reset at once
   * @param onEnded called when a parked VMM has disconnected; on its thread
   * @throws ErrnoException if the device's config space cannot be read
   */
  VmmReplacement(DeviceBackend backend, LogLimiter log, LongSupplier clock, Duration grace, Runnable onEnded)
      throws ErrnoException {
    this.backend = backend;
    this.context = backend.context();
    this.log = log;
    this.clock = clock;
    this.graceNanos = grace.toNanos();
    this.parked = new ParkedVmm(new ParkedDevice(context.device()), context.options(), log, clock, onEnded);
    context.irqs().recordSignals();
    backend.onOwnerLoss(this);
    parked.start();
  }

  /** What becomes of a client. */
  enum Admission {
    OWNER, PARKED, REJECTED
  }

  /** Decides what becomes of a client. From any thread. */
  Admission admit(UnixSocket client) {
    synchronized (lock) {
      if (!isOwned) {
        isOwned = true;
        return Admission.OWNER;
      }
    }
    return parked.accept(client) ? Admission.PARKED : Admission.REJECTED;
  }

  /** Returns whether a connection may become the owner's that did not come through the device's socket. */
  boolean admitStaged() {
    synchronized (lock) {
      boolean isFree = !isOwned;
      isOwned = true;
      return isFree;
    }
  }

  /** Called if that connection was dropped before it was served. */
  void onStagedDropped() {
    setUnowned();
  }

  Duration grace() {
    return Duration.ofNanos(graceNanos);
  }

  boolean isOrphaned() {
    return orphan != null;
  }

  /** Returns whether a second VMM is connected. */
  boolean hasCandidate() {
    return parked.isOccupied();
  }

  /** Returns facts about the parked VMM. */
  Optional<ParkedFacts> candidate() throws ErrnoException {
    return parked.isOccupied() ? parked.call(ParkedFacts::of) : Optional.empty();
  }

  /**
   * Makes the candidate the owner, and the owner the candidate.
   *
   * @param token the candidate's; 0 for any
   * @return how long it took, nanoseconds
   * @throws ErrnoException ENOTCONN without a candidate, ESTALE if it is another, EBUSY or EINVAL if the preflight fails
   */
  long handOver(long token) throws ErrnoException {
    preflight(token);
    long begun = System.nanoTime();
    try (VmmImage candidate = parked.detach(); VmmImage owner = detachOwner(candidate)) {
      try {
        backend.continueConnection(candidate, false);
      } catch (ErrnoException e) {
        restore(owner, candidate);
        throw e;
      }
      context.irqs().repeatSignals();
      parkOwner(owner);
    }
    return System.nanoTime() - begun;
  }

  /** Detaches the owner; if that fails, the candidate is parked again. */
  private VmmImage detachOwner(VmmImage candidate) throws ErrnoException {
    try {
      VmmImage owner = backend.image();
      backend.detach();
      return owner;
    } catch (ErrnoException e) {
      parked.park(candidate);
      throw e;
    }
  }

  /** Lets both continue as before. An owner for which that fails is lost, and with it the device's state. */
  private void restore(VmmImage owner, VmmImage candidate) throws ErrnoException {
    try {
      backend.continueConnection(owner, false);
    } catch (ErrnoException e) {
      context.device().reset();
      throw e;
    } finally {
      parked.park(candidate);
    }
  }

  private void parkOwner(VmmImage owner) {
    try {
      parked.park(owner);
    } catch (ErrnoException e) {
      log.accept("the VMM that was replaced is disconnected: " + e.reason());
    }
  }

  /**
   * Checks whether the candidate can become the owner.
   *
   * @throws ErrnoException as {@link #handOver}
   */
  void preflight(long token) throws ErrnoException {
    requireCandidate(token);
    if (context.hold().isActive() || context.device().state() != DeviceState.RUNNING) {
      throw new ErrnoException(Errno.EBUSY,
          "the device is being moved; it is in " + context.device().state());
    }
    if (context.dma().log().isStarted()) {
      throw new ErrnoException(Errno.EBUSY, "the DMA of the device is being logged");
    }
    List<String> findings = new ArrayList<>(Preflight.findings(backend.setup(), setupOfCandidate()));
    boolean isQuiet = isOwnerQuiet();
    if (!isQuiet) {
      findings.addFirst("the owner is not quiet: stop its guest first");
    }
    if (!findings.isEmpty()) {
      throw new ErrnoException(isQuiet ? Errno.EINVAL : Errno.EBUSY, String.join("; ", findings));
    }
  }

  private boolean isOwnerQuiet() throws ErrnoException {
    try {
      return backend.isQuiet(QUIET_NANOS);
    } catch (LinuxException e) {
      throw new ErrnoException(e.errno(), "the owner's connection has failed: " + e.getMessage(), e);
    }
  }

  private VmmSetup setupOfCandidate() throws ErrnoException {
    return parked.call(DeviceBackend::setup);
  }

  /**
   * Disconnects the candidate.
   *
   * @throws ErrnoException ENOTCONN without a candidate, ESTALE if it is another
   */
  void abort(long token) throws ErrnoException {
    requireCandidate(token);
    parked.disconnect();
  }

  private void requireCandidate(long token) throws ErrnoException {
    ParkedFacts facts =
        candidate().orElseThrow(() -> new ErrnoException(Errno.ENOTCONN, "no second VMM is connected"));
    if (token != 0 && facts.vmm().token() != token) {
      throw new ErrnoException(Errno.ESTALE, "the second VMM is another one");
    }
  }

  @Override
  public boolean isObserved() {
    return graceNanos > 0;
  }

  /** Stops the device, if it can, so that it does not access the memory of a VMM that is gone. */
  @Override
  public boolean keepsDevice(VmmSetup lost) {
    DeviceState state = context.device().state();
    if (state != DeviceState.RUNNING) {
      return false;
    }
    try {
      if (context.device().features().canMigrate()) {
        context.device().moveTo(DeviceState.STOP);
      }
    } catch (TransitionException e) {
      log.accept("the device has lost its VMM, and is reset: " + e.getMessage());
      return false;
    }
    orphan = new Orphan(lost, clock.getAsLong() + graceNanos);
    log.accept("the device has lost its VMM; it waits %d ms for another".formatted(graceNanos / 1_000_000));
    return true;
  }

  /**
   * Called after the owner has disconnected. A candidate becomes the owner of a device that was reset; otherwise the next
   * client does, unless the device is orphaned.
   */
  void onOwnerGone() {
    if (orphan == null) {
      awaitsCandidate = true;
      adoptAfterReset();
    }
  }

  private void setUnowned() {
    synchronized (lock) {
      isOwned = false;
    }
  }

  /**
   * Lets a candidate become the owner of a device that was reset. The device has no state that an owner before could
   * continue, so that one is disconnected.
   *
   * @return whether to try again: the candidate has not sent its VERSION, or is in the middle of a message
   */
  private boolean adoptAfterReset() {
    try {
      if (parked.isOccupied() && !parked.wasOwner()) {
        adopt(true);
        awaitsCandidate = false;
        return false;
      }
      if (parked.isOccupied()) {
        parked.disconnect();
      }
    } catch (ErrnoException e) {
      return true;
    }
    awaitsCandidate = false;
    setUnowned();
    return false;
  }

  private void adopt(boolean restoresConfigSpace) throws ErrnoException {
    try (VmmImage candidate = parked.detach()) {
      backend.continueConnection(candidate, restoresConfigSpace);
    }
  }

  /**
   * Gives an orphaned device to a candidate that passes the preflight, or ends the wait for one.
   *
   * @param now nanoseconds of the server's clock
   * @return when to call again at the latest; {@link Long#MAX_VALUE} if the device is not orphaned any more
   */
  long runDue(long now) {
    if (awaitsCandidate) {
      return adoptAfterReset() ? now + EXAMINE_NANOS : Long.MAX_VALUE;
    }
    Orphan waiting = orphan;
    if (waiting == null) {
      return Long.MAX_VALUE;
    }
    if (isReady(waiting)) {
      try {
        adopt(false);
        orphan = null;
        resume();
        return Long.MAX_VALUE;
      } catch (ErrnoException e) {
        log.accept("the second VMM cannot become the owner: " + e.reason());
      }
    }
    if (now - waiting.deadline() >= 0) {
      log.accept("no VMM has become the owner of the device in time: it is reset");
      orphan = null;
      context.device().reset();
      onOwnerGone();
      return Long.MAX_VALUE;
    }
    return Math.min(waiting.deadline(), now + EXAMINE_NANOS);
  }

  private boolean isReady(Orphan waiting) {
    try {
      return parked.isOccupied() && Preflight.findings(waiting.lost(), setupOfCandidate()).isEmpty();
    } catch (ErrnoException e) {
      return false; // It has not sent its VERSION, or is in the middle of a message.
    }
  }

  private void resume() {
    try {
      context.device().moveTo(DeviceState.RUNNING);
    } catch (TransitionException e) {
      log.accept("the device is reset, because it could not return to RUNNING: " + e.getMessage());
      context.device().reset();
    }
    context.irqs().repeatSignals();
  }

  /** Disconnects the parked VMM. */
  @Override
  public void close() {
    parked.close();
  }
}

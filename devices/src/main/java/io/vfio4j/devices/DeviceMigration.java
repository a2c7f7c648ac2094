// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.devices.state.BufferedResumingSession;
import io.vfio4j.devices.state.BufferedSavingSession;
import io.vfio4j.devices.state.StateFormat;
import io.vfio4j.devices.state.StateImage;
import io.vfio4j.devices.state.StateMemory;
import io.vfio4j.devices.state.StatePageTracker;
import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.model.Arc;
import io.vfio4j.model.ArcException;
import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.DeviceStateMachine;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionResult;
import io.vfio4j.vfiouser.device.StateMemoryFile;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The migration state of a device, its data sessions, and their effect on the rest of it. The states and arcs are those
 * of {@link DeviceStateMachine}. At most one session is open: a saving session from PRE_COPY (or STOP_COPY) until a state
 * without {@link DeviceState#isSaving}, a resuming session in RESUMING. A resuming session is loaded by the arc that
 * leaves RESUMING, and closed by any change of state, including a failure or a reset.
 */
final class DeviceMigration implements AutoCloseable {

  private final DeviceHooks hooks;
  private final DeviceSetup setup;
  private final RunState runState;
  private final DmaGate gate;
  private final DeviceInterrupts interrupts;
  private final DeviceScheduler scheduler;
  private final StateMemory memory;
  private final StateFormat format;
  private final StateImage image;
  private final DeviceStateMachine machine;
  /** The next saving session omits the memory, or the open one does. */
  private boolean omitsMemory;
  /** The device has been in STOP_COPY with such a session, so another server may use its memory. */
  private boolean memoryPassed;
  private @Nullable BufferedSavingSession saving;
  private @Nullable SavingSession savingSession;
  private @Nullable BufferedResumingSession resuming;
  private @Nullable ResumingSession resumingSession;

  DeviceMigration(DeviceHooks hooks, Declarations declarations) {
    this.hooks = hooks;
    this.setup = declarations.context().setup();
    this.runState = declarations.context().runState();
    this.gate = declarations.gate();
    this.interrupts = declarations.interrupts();
    this.scheduler = declarations.scheduler();
    this.memory = declarations.memory();
    this.format = declarations.stateFormat();
    this.image = declarations.stateImage();
    this.machine =
        new DeviceStateMachine(setup.name(), setup.features(), this::takeArc, this::onStateChanged);
  }

  /** Starts the device's own work. Its DMA memory is attached. */
  void start() {
    scheduler.enter(state());
  }

  DeviceState state() {
    return machine.state();
  }

  TransitionResult moveTo(DeviceState target) throws TransitionException {
    if (!setup.features().canMigrate()) {
      throw new TransitionException(setup.name(), state(), target, Errno.ENOTTY, state(), null);
    }
    return machine.moveTo(target);
  }

  /** Takes one arc. The effects of a state that do not depend on the arc are in {@link #onStateChanged}. */
  private Optional<DataSession> takeArc(Arc arc) throws ArcException {
    hooks.beforeArc(arc);
    scheduler.leave(arc.from(), arc.to());
    if (resuming != null) {
      load(resuming);
    }
    if (arc.opensSaving()) {
      openSaving(arc);
    }
    if (arc.to() == DeviceState.STOP_COPY && saving != null) {
      saving.enterStopCopy();
      memoryPassed |= omitsMemory;
    }
    if (arc.opensResuming()) {
      recoverMemory();
      resuming = new BufferedResumingSession(setup.name(), format, memory, image);
      resumingSession = hooks.wrap(resuming);
      return Optional.of(resumingSession);
    }
    return arc.opensSaving() ? Optional.ofNullable(savingSession) : Optional.empty();
  }

  private void openSaving(Arc arc) throws ArcException {
    try {
      // No memory changes in STOP_COPY, so no shadow copy is needed.
      StatePageTracker pages = omitsMemory
          ? StatePageTracker.ofPassed(memory)
          : StatePageTracker.of(memory, arc.to() != DeviceState.STOP_COPY);
      saving = new BufferedSavingSession(setup.name(), format, pages, image);
      savingSession = hooks.wrap(saving);
    } catch (LinuxException e) {
      throw new ArcException(e.errno(), false, "cannot allocate the shadow copy of the memory at " + arc);
    }
  }

  private void load(BufferedResumingSession loaded) throws ArcException {
    if (!loaded.isComplete()) {
      throw new ArcException(Errno.EINVAL, false, loaded.defect());
    }
    if (loaded.passesMemory() && !memory.isAdopted()) {
      throw new ArcException(Errno.EINVAL, false,
          "the state lacks its memory, which goes by descriptor, and none was adopted");
    }
    try {
      image.load(loaded.state());
      hooks.onLoaded();
    } catch (ErrnoException e) {
      loaded.reject(e.reason());
      throw new ArcException(e.errno(), false, "the device refused the state: " + e.reason());
    }
  }

  /** Called after each change of state, by arc, failure or reset. */
  private void onStateChanged(DeviceState from, DeviceState to, String reason) {
    if (!to.isSaving()) {
      endSaving();
    }
    if (isRunning(to)) {
      // From here on the memory is this device's, whether it was adopted or offered to another server.
      memory.accept();
      memoryPassed = false;
    }
    if (to != DeviceState.RESUMING) {
      endResuming();
    }
    runState.enter(to);
    scheduler.enter(to);
    hooks.onStateChanged(from, to);
    interrupts.onStateChanged();
  }

  private void endSaving() {
    if (savingSession != null && saving != null) {
      savingSession.close();
      saving.close();
      savingSession = null;
      saving = null;
      omitsMemory = false;
    }
  }

  private void endResuming() {
    if (resumingSession != null && resuming != null) {
      resumingSession.close();
      resuming.close();
      resumingSession = null;
      resuming = null;
    }
  }

  private static boolean isRunning(DeviceState state) {
    return switch (state) {
      case RUNNING, RUNNING_P2P, PRE_COPY, PRE_COPY_P2P -> true;
      case ERROR, STOP, STOP_COPY, RESUMING -> false;
    };
  }

  /** Returns the memories for another server; empty if they are not offered. */
  List<StateMemoryFile> stateMemory() {
    return memory.isPassable() && !memory.isAdopted() && !memoryPassed ? memory.files() : List.of();
  }

  /** Sets whether the next saving session omits the memory. */
  void omitStateMemory(boolean omit) throws ErrnoException {
    if (saving != null) {
      throw new ErrnoException(Errno.EBUSY, "the device is being saved");
    }
    if (omit && stateMemory().isEmpty()) {
      throw new ErrnoException(Errno.ENOTTY, "the memory of this device does not go by descriptor");
    }
    omitsMemory = omit;
  }

  /** Returns whether the open saving session omits the memory. */
  boolean omitsStateMemory() {
    return omitsMemory && saving != null;
  }

  /** Keeps the memory, which no other device uses after all, when the device is reset. */
  void keepStateMemory() {
    memoryPassed = false;
  }

  void adoptStateMemory(List<Fd> files) throws ErrnoException {
    if (!memory.isPassable()) {
      throw new ErrnoException(Errno.ENOTTY, "the memory of this device does not go by descriptor");
    }
    if (resuming == null || memory.isAdopted() || resuming.containsMemory()) {
      throw new ErrnoException(Errno.EINVAL, resuming == null
          ? "memory is adopted in RESUMING only; the device is in " + state()
          : "the device has its memory already");
    }
    memory.adopt(files);
  }

  boolean hasAdoptedMemory() {
    return memory.isAdopted();
  }

  /** Returns to memory that is only this device's, before anything is written to it. */
  void recoverMemory() {
    memory.returnToOwn();
    if (memoryPassed) {
      memory.replace();
      memoryPassed = false;
    }
  }

  /** Sets whether the P2P states stop all DMA, as NDMA does, and not only peer-to-peer DMA. */
  void haltAllDma(boolean halt) {
    gate.haltAll(halt);
    scheduler.enter(state());
  }

  /** Returns the estimated number of bytes that STOP_COPY will return. */
  long stopCopyLength() {
    return saving != null
        ? saving.remaining()
        : BufferedSavingSession.totalLength(omitsMemory ? 0 : memory.pages(), image);
  }

  /** Resets memory and migration state, after {@link #recoverMemory}. The caller has reset the rest of the device. */
  void reset() {
    memory.reset();
    // Last, since a running device delivers its interrupts, and the old ones must be gone.
    machine.onReset("reset");
    interrupts.updateIntx();
  }

  long runDue(long now) {
    // SET_IRQS may have enabled or disabled messages.
    interrupts.updateIntx();
    return scheduler.runDue(now);
  }

  @Override
  public void close() {
    endSaving();
    endResuming();
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.linux.Fd;
import io.vfio4j.model.Arc;
import io.vfio4j.model.ArcException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.StateLayout;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionResult;
import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.device.DmaMemory;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.device.Interrupts;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A PCI device made of software. A device is one class that extends this: what it consists of is declared by its
 * fields and its constructor, what it does is in the actions that it gives to them.
 *
 * <pre>{@code
 * final class Adder extends PciDevice {
 *   private final RegisterBank bar0 = bar(0, BarKind.MEMORY_32, 4096).registers();
 *   private final Register sum = bar0.register32("SUM", 4).readOnly();
 *
 *   Adder() {
 *     super("adder", PciIds.of(0x1234, 0xadd), DeviceSetup.named("adder"));
 *     bar0.register32("ADD", 0).onCommand(number -> sum.set(sum.value() + number));
 *   }
 * }
 * }</pre>
 *
 * <p>
 * Such a device can be served by a {@link io.vfio4j.vfiouser.server.VfioUserServer} and migrates: registers, fields,
 * memory and timers are its state. While it is stopped no timer fires, no DMA is done and no interrupt is
 * shown; while it may not reach peers, DMA that may go to one waits, and what was begun is finished before.
 *
 * <p>
 * Everything happens in the device's own thread, one thing after the other. An action must not wait. One that
 * throws ends the server: what comes from outside must not make it throw.
 *
 * <p>
 * The bits memory-enable, I/O-enable and bus-master of the command register can be written, and are not looked
 * at: whoever drives the device decides what to let through.
 */
public abstract class PciDevice extends AbstractPciDevice implements EmulatedDevice {

  private @Nullable DeviceDescription description;
  private @Nullable ConfigSpace config;
  private @Nullable DeviceMigration migration;

  /**
   * Begins a device.
   *
   * @param kind what kind of device it is, for messages
   * @param ids what it says it is
   * @param setup what it is given by whoever makes it
   */
  protected PciDevice(String kind, PciIds ids, DeviceSetup setup) {
    super(new Declarations(kind, ids, setup));
  }

  /** The device was reset, or begins: what was declared is as after a reset already. */
  protected void onReset() {
    // Nothing more to be reset.
  }

  /**
   * A saved state was loaded, and the device is about to leave RESUMING: time to check it, and to set what follows
   * from it.
   *
   * @throws ErrnoException if a value is not one that the device can have; it stays in RESUMING then
   */
  protected void onLoaded() throws ErrnoException {
    // Whatever was loaded is right.
  }

  /**
   * An arc begins.
   *
   * @throws ArcException if the device fails at it
   */
  protected void beforeArc(Arc arc) throws ArcException {
    // Nothing stands against it.
  }

  /** The migration state has changed. */
  protected void onStateChanged(DeviceState from, DeviceState to) {
    // Nothing more to be done.
  }

  /** Returns the session that a reader gets. It is closed when it is over. */
  protected SavingSession wrap(SavingSession session) {
    return session;
  }

  /** Returns the session that a writer gets. It is closed when it is over. */
  protected ResumingSession wrap(ResumingSession session) {
    return session;
  }

  @Override
  public final DeviceDescription description() {
    if (description == null) {
      description = declarations.describe();
    }
    return description;
  }

  @Override
  public final void attach(DmaMemory reachable, Interrupts interrupts) {
    if (migration != null) {
      throw new IllegalStateException(declarations.setup().name() + " is attached already");
    }
    ConfigSpace space = declarations.configSpace();
    migration = new DeviceMigration(this, declarations);
    config = space;
    declarations.gate().attach(reachable);
    declarations.interrupts().attach(interrupts, space::isIntxDisabled);
    declarations.attached();
    migration.start();
    onReset();
  }

  private DeviceMigration migration() {
    if (migration == null) {
      throw new IllegalStateException(declarations.setup().name() + " is not attached yet");
    }
    return migration;
  }

  private ConfigSpace config() {
    if (config == null) {
      throw new IllegalStateException(declarations.setup().name() + " is not attached yet");
    }
    return config;
  }

  @Override
  public final void readRegion(int region, long offset, MemorySegment into) throws ErrnoException {
    Bar bar = declarations.bar(region);
    if (bar != null) {
      bar.read(offset, into);
    } else if (region == DeviceDescription.CONFIG_REGION) {
      config().read((int) offset, into, declarations.interrupts().isIntxPending());
    } else {
      throw noRegion(region);
    }
  }

  @Override
  public final void writeRegion(int region, long offset, MemorySegment data) throws ErrnoException {
    Bar bar = declarations.bar(region);
    if (bar != null) {
      bar.write(offset, data);
    } else if (region == DeviceDescription.CONFIG_REGION) {
      config().write((int) offset, data);
      declarations.interrupts().updateIntx();
      if (declarations.pollResetRequest()) {
        reset();
      }
    } else {
      throw noRegion(region);
    }
  }

  private static ErrnoException noRegion(int region) {
    return new ErrnoException(Errno.EINVAL, "there is no region " + region);
  }

  @Override
  public final Optional<Fd> regionFile(int region) {
    Bar bar = declarations.bar(region);
    return bar == null ? Optional.empty() : bar.file();
  }

  @Override
  public final MigrationFeatures features() {
    return declarations.setup().features();
  }

  @Override
  public final DeviceState state() {
    return migration().state();
  }

  /**
   * {@inheritDoc}
   *
   * @throws TransitionException ENOTTY if the device was made without migration; EINVAL if there is no way, or on
   *     leaving RESUMING if what was written is damaged or not complete; and what the device itself says
   */
  @Override
  public final TransitionResult moveTo(DeviceState target) throws TransitionException {
    return migration().moveTo(target);
  }

  @Override
  public final void haltAllDma(boolean halt) {
    migration().haltAllDma(halt);
  }

  @Override
  public OptionalLong stopCopyLength() {
    return features().canMigrate() ? OptionalLong.of(migration().stopCopyLength()) : OptionalLong.empty();
  }

  @Override
  public final Optional<StateLayout> stateLayout() {
    return features().canMigrate() ? declarations.stateLayout() : Optional.empty();
  }

  @Override
  public final void reset() {
    declarations.flushLog();
    declarations.resetItems();
    config().reset();
    onReset();
    migration().reset();
  }

  @Override
  public final long runDue(long now) {
    return migration().runDue(now);
  }

  @Override
  public void close() {
    if (migration != null) {
      migration.close();
    }
    declarations.close();
  }
}

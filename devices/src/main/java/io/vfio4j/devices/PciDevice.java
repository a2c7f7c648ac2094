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
import io.vfio4j.vfiouser.device.StateMemoryFile;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * An emulated PCI device. A device is one class that extends this one: its fields and constructor declare registers,
 * memory, interrupts and timers, and its methods are their side effects.
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
 * Such a device can be served by a {@link io.vfio4j.vfiouser.server.VfioUserServer}, and migrates: registers, fields,
 * memory and timers are its state. While it is stopped, no timer fires, no DMA starts and no interrupt is delivered. In
 * the P2P states, DMA that may reach a peer waits. DMA that has started is completed before either.
 *
 * <p>
 * All methods run in the device's own thread. They must not block. An exception ends the server, so external input must
 * not cause one.
 *
 * <p>
 * The bits memory-enable, I/O-enable and bus-master of the command register can be written but have no effect: the
 * client enforces them.
 */
public abstract class PciDevice extends AbstractPciDevice implements EmulatedDevice {

  private @Nullable DeviceDescription description;
  private @Nullable ConfigSpace config;
  private @Nullable DeviceMigration migration;

  /**
   * Starts the declarations of a device.
   *
   * @param kind the kind of device, for messages
   * @param ids the identity in config space
   * @param setup name, migration features, log and clock
   */
  protected PciDevice(String kind, PciIds ids, DeviceSetup setup) {
    super(new Declarations(kind, ids, setup));
  }

  /** Called after the device was attached or reset; everything declared has been reset. */
  protected void onReset() {
    // Nothing else to reset.
  }

  /**
   * Called after a saved state was loaded, before the device leaves RESUMING, to check the values and to derive others
   * from them.
   *
   * @throws ErrnoException if a value is not valid; the device stays in RESUMING
   */
  protected void onLoaded() throws ErrnoException {
    // Any values are valid.
  }

  /**
   * Called before an arc is taken.
   *
   * @throws ArcException if the arc fails
   */
  protected void beforeArc(Arc arc) throws ArcException {
    // No arc fails.
  }

  /** Called after the migration state has changed. */
  protected void onStateChanged(DeviceState from, DeviceState to) {
    // Nothing to do.
  }

  /** Returns the session that the client reads from: the given one, or a wrapper, which is closed with it. */
  protected SavingSession wrap(SavingSession session) {
    return session;
  }

  /** Returns the session that the client writes to: the given one, or a wrapper, which is closed with it. */
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
  public final void attach(DmaMemory memory, Interrupts interrupts) {
    if (migration != null) {
      throw new IllegalStateException(declarations.context().setup().name() + " is already attached");
    }
    ConfigSpace space = declarations.configSpace();
    migration = new DeviceMigration(new Hooks(), declarations);
    config = space;
    declarations.gate().attach(memory);
    declarations.interrupts().attach(interrupts, space::isIntxDisabled);
    declarations.context().attach();
    migration.start();
    onReset();
  }

  private DeviceMigration migration() {
    if (migration == null) {
      throw new IllegalStateException(declarations.context().setup().name() + " is not attached yet");
    }
    return migration;
  }

  private ConfigSpace config() {
    if (config == null) {
      throw new IllegalStateException(declarations.context().setup().name() + " is not attached yet");
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
      if (migration().hasAdoptedMemory() && bar.hasMemory()) {
        throw new ErrnoException(Errno.EBUSY, "the memory is another device's until this one runs");
      }
      bar.write(offset, data);
    } else if (region == DeviceDescription.CONFIG_REGION) {
      config().write((int) offset, data);
      declarations.interrupts().updateIntx();
      if (declarations.context().pollResetRequest()) {
        reset();
      }
    } else {
      throw noRegion(region);
    }
  }

  private static ErrnoException noRegion(int region) {
    return new ErrnoException(Errno.EINVAL, "no region " + region);
  }

  @Override
  public final Optional<Fd> regionFile(int region) {
    Bar bar = declarations.bar(region);
    return bar == null ? Optional.empty() : bar.file();
  }

  @Override
  public final MigrationFeatures features() {
    return declarations.context().setup().features();
  }

  @Override
  public final DeviceState state() {
    return migration().state();
  }

  /**
   * {@inheritDoc}
   *
   * @throws TransitionException ENOTTY if the device has no migration features; EINVAL if there is no path, or, on leaving
   *     RESUMING, if the written state is damaged or incomplete; any errno of an arc that fails
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
  public final List<StateMemoryFile> stateMemory() {
    return features().canMigrate() ? migration().stateMemory() : List.of();
  }

  @Override
  public final void omitStateMemory(boolean omit) throws ErrnoException {
    migration().omitStateMemory(omit);
  }

  @Override
  public final boolean omitsStateMemory() {
    return migration().omitsStateMemory();
  }

  @Override
  public final void keepStateMemory() {
    migration().keepStateMemory();
  }

  @Override
  public final void adoptStateMemory(List<Fd> files) throws ErrnoException {
    migration().adoptStateMemory(files);
  }

  @Override
  public final boolean hasAdoptedMemory() {
    return migration().hasAdoptedMemory();
  }

  @Override
  public final void reset() {
    declarations.context().flushLog();
    migration().recoverMemory();
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

  /** Forwards to the methods that a device overrides. */
  private final class Hooks implements DeviceHooks {

    @Override
    public void beforeArc(Arc arc) throws ArcException {
      PciDevice.this.beforeArc(arc);
    }

    @Override
    public void onLoaded() throws ErrnoException {
      PciDevice.this.onLoaded();
    }

    @Override
    public void onStateChanged(DeviceState from, DeviceState to) {
      PciDevice.this.onStateChanged(from, to);
    }

    @Override
    public SavingSession wrap(SavingSession session) {
      return PciDevice.this.wrap(session);
    }

    @Override
    public ResumingSession wrap(ResumingSession session) {
      return PciDevice.this.wrap(session);
    }
  }
}

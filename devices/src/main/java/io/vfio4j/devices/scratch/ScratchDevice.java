// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices.scratch;

import io.vfio4j.devices.BarKind;
import io.vfio4j.devices.DeviceMemory;
import io.vfio4j.devices.DevicePacer;
import io.vfio4j.devices.DeviceProvider;
import io.vfio4j.devices.DeviceSetup;
import io.vfio4j.devices.DeviceTimer;
import io.vfio4j.devices.InterruptStatus;
import io.vfio4j.devices.MemorySpec;
import io.vfio4j.devices.PciDevice;
import io.vfio4j.devices.PciIds;
import io.vfio4j.devices.Register;
import io.vfio4j.devices.RegisterBank;
import io.vfio4j.devices.StateCodec;
import io.vfio4j.model.Arc;
import io.vfio4j.model.ArcException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.LongUnaryOperator;

/**
 * A PCI device designed for testing migration: internal memory of any size, a DMA engine, interrupts, a generator of DMA
 * traffic and a generator of changes in internal memory (churn). {@link ScratchLayout} describes its registers.
 */
public final class ScratchDevice extends PciDevice {

  private static final PciIds IDS = PciIds.of(ScratchLayout.VENDOR_ID, ScratchLayout.DEVICE_ID)
      .withSubsystem(ScratchLayout.VENDOR_ID, ScratchLayout.SUBSYSTEM_ID)
      .withClassCode(ScratchLayout.CLASS_CODE);
  private static final long NANOS_PER_MICRO = 1_000;
  private static final long MAGIC = 0x53_4a_34_4f_49_46_56_89L;
  private static final int STATE_VERSION = 1;
  private static final int STATE_BYTES = 136;
  private static final int INTERRUPTS = (1 << ScratchLayout.VECTORS) - 1;

  private final ScratchConfig config;
  private final FaultInjector faultInjector;
  private final DeviceMemory memory;
  private final RegisterBank bar0 =
      bar(ScratchLayout.REGISTERS_BAR, BarKind.MEMORY_32, ScratchLayout.SMALL_BAR_SIZE).registers();
  private final Register scratch = bar0.register64("SCRATCH", ScratchLayout.SCRATCH);
  private final Register error = bar0.register32("ERROR", ScratchLayout.ERROR).readOnly();
  private final Register timerDelay =
      bar0.register64("TIMER", ScratchLayout.TIMER).writeOnly().onWrite(this::setTimer);
  private final TrafficGenerator traffic = traffic("TRAFFIC", 0);
  private final Register churnRate =
      bar0.register32("CHURN_RATE", ScratchLayout.CHURN_RATE).onWrite(rate -> updateChurnRate());
  private final Register churnCount = bar0.register64("CHURN_COUNT", ScratchLayout.CHURN_COUNT).readOnly();
  private final Register interruptStatus = bar0.register32("INT_STATUS", ScratchLayout.INT_STATUS);
  private final Register markDirty =
      bar0.register64("MARK_DIRTY", ScratchLayout.MARK_DIRTY).writeOnly().onWrite(this::markDirty);
  private final InterruptStatus interrupts;
  private final DeviceTimer timer = timer("timer", this::onTimer);
  private final DevicePacer churn = pacer("churn", this::churnNextPage);
  private final Optional<TrafficGenerator> secondTraffic;
  private final DmaEngine engine;
  private boolean lastCommandFailed;

  /**
   * Creates a device without a log that uses the system's clock.
   *
   * @throws IOException if the memory cannot be allocated, or the file with its content cannot be read
   * @throws IllegalArgumentException if a fault is for an arc that a device with these features never takes
   */
  public ScratchDevice(ScratchConfig config) throws IOException {
    this(config, line -> {
    }, System::nanoTime);
  }

  /**
   * Creates a device.
   *
   * @param log receives a line for each access that is ignored
   * @param nanoTime the clock of {@link #runDue} in nanoseconds
   * @throws IOException if the memory cannot be allocated, or the file with its content cannot be read
   * @throws IllegalArgumentException if a fault is for an arc that a device with these features never takes
   */
  public ScratchDevice(ScratchConfig config, Consumer<String> log, LongSupplier nanoTime) throws IOException {
    super("scratch", IDS,
        new DeviceSetup(config.name(), config.features(), log, nanoTime, config.passesMemory()));
    this.config = config;
    this.faultInjector = new FaultInjector(config, nanoTime);
    this.secondTraffic = config.secondTraffic()
        ? Optional.of(traffic("TRAFFIC2", ScratchLayout.SECOND_TRAFFIC))
        : Optional.empty();
    extendedConfigSpace();
    intx();
    msix(ScratchLayout.VECTORS, bar(ScratchLayout.MSIX_BAR, BarKind.MEMORY_32, ScratchLayout.SMALL_BAR_SIZE),
        0,
        ScratchLayout.MSIX_PENDING);
    interrupts = interruptStatus(interruptStatus, ScratchLayout.VECTORS);
    memory = bar(ScratchLayout.MEMORY_BAR, BarKind.PREFETCHABLE_64,
        ScratchLayout.memoryBarSize(config.memorySize())).memory(
            new MemorySpec(config.name() + " memory", config.memorySize(), config.mappable(),
                config.content()));
    bar0.register32("ID", ScratchLayout.ID).constant(ScratchLayout.ID_VALUE);
    bar0.register32("VERSION", ScratchLayout.VERSION).constant(ScratchLayout.VERSION_VALUE);
    bar0.register64("MEMORY_SIZE", ScratchLayout.MEMORY_SIZE).constant(config.memorySize());
    bar0.register32("STATUS", ScratchLayout.STATUS).computed(this::status);
    engine = new DmaEngine(bar0, memory, dma(), (range, step) -> dmaTask("command", range, step),
        new CommandListener());
    stateCodec(MAGIC, STATE_VERSION, new RegisterCodec());
  }

  /** Returns the provider of {@code serve scratch}. */
  public static DeviceProvider provider() {
    return new ScratchDeviceProvider();
  }

  /** Returns the configuration that the device was created with. */
  public ScratchConfig config() {
    return config;
  }

  /** Creates a traffic generator whose registers are at an offset from those of the first. */
  private TrafficGenerator traffic(String name, int offset) {
    return new TrafficGenerator(new TrafficGenerator.RegisterBlock(bar0, name, offset), dma(),
        (range, event) -> dmaPacer(name, range, event),
        this::onDmaError);
  }

  private long status() {
    return (engine.isBusy() ? ScratchLayout.STATUS_BUSY : 0)
        | (lastCommandFailed ? ScratchLayout.STATUS_FAILED : 0);
  }

  private void onDmaError(Errno errno) {
    lastCommandFailed = true;
    error.set(errno.number());
  }

  /** Arms the timer, in unsigned microseconds from now; 0 disarms it. */
  private void setTimer(long micros) {
    if (micros == 0) {
      timer.cancel();
    } else {
      boolean fits = Long.compareUnsigned(micros, Long.MAX_VALUE / NANOS_PER_MICRO) <= 0;
      timer.start(fits ? micros * NANOS_PER_MICRO : Long.MAX_VALUE);
    }
  }

  private void onTimer() {
    interrupts.raise(ScratchLayout.TIMER_VECTOR);
  }

  private void markDirty(long bytes) {
    if (bytes != 0) {
      dma().lowestMapping().ifPresent(mapping -> dma().markDirty(mapping.iova(),
          Long.compareUnsigned(bytes, mapping.length()) < 0 ? bytes : mapping.length()));
    }
  }

  private void updateChurnRate() {
    churn.rate(churnRate.value());
  }

  /** Writes 1, 2, 3 and so on to the start of consecutive pages, wrapping around. */
  private boolean churnNextPage() {
    long count = churnCount.value();
    long page = Long.remainderUnsigned(count, memory.pages());
    churnCount.set(count + 1);
    memory.putLong(page * ScratchLayout.PAGE_SIZE, count + 1);
    return true;
  }

  @Override
  protected void onReset() {
    lastCommandFailed = false;
  }

  @Override
  protected void beforeArc(Arc arc) throws ArcException {
    faultInjector.beforeArc(arc, this::runDue);
  }

  @Override
  protected SavingSession wrap(SavingSession session) {
    return faultInjector.wrap(session, () -> state() == DeviceState.STOP_COPY);
  }

  @Override
  protected ResumingSession wrap(ResumingSession session) {
    return faultInjector.wrap(session);
  }

  @Override
  public OptionalLong stopCopyLength() {
    OptionalLong length = super.stopCopyLength();
    return length.isPresent() ? faultInjector.lengthOverride().orElse(length) : length;
  }

  /** Sets the status, error and interrupt registers after a command. */
  private final class CommandListener implements DmaEngine.Listener {

    @Override
    public void onRejected(Errno errno) {
      onDmaError(errno);
    }

    @Override
    public void onCompleted(Optional<Errno> failure, boolean interruptsDone) {
      // ERROR keeps the errno of the last failure.
      lastCommandFailed = false;
      failure.ifPresent(ScratchDevice.this::onDmaError);
      if (interruptsDone) {
        interrupts.raise(ScratchLayout.COMMAND_VECTOR);
      }
    }
  }

  /** The format of the REGISTERS record. Config space and MSI-X table are not part of it: they belong to the driver. */
  private final class RegisterCodec implements StateCodec {

    @Override
    public int bytes() {
      return STATE_BYTES + (secondTraffic.isPresent() ? TrafficGenerator.STATE_BYTES : 0);
    }

    @Override
    public void save(ByteBuffer to) {
      to.putLong(scratch.value()).putInt(timerDelay.intValue()).putInt(markDirty.intValue());
      engine.save(to);
      to.putInt(lastCommandFailed ? 1 : 0).putInt(error.intValue());
      to.putInt(timer.isArmed() ? 1 : 0).putLong(timer.remaining());
      traffic.save(to);
      to.putInt(churnRate.intValue()).putLong(churnCount.value());
      to.putInt(interruptStatus.intValue());
      secondTraffic.ifPresent(second -> second.save(to));
    }

    @Override
    public void load(ByteBuffer from) {
      scratch.set(from.getLong());
      timerDelay.set(Integer.toUnsignedLong(from.getInt()));
      markDirty.set(Integer.toUnsignedLong(from.getInt()));
      engine.load(from);
      lastCommandFailed = from.getInt() != 0;
      error.set(from.getInt());
      loadTimer(from.getInt() != 0, from.getLong());
      traffic.load(from, faultInjector::trafficCountAfterLoad);
      churnRate.set(from.getInt());
      churnCount.set(from.getLong());
      interruptStatus.set(from.getInt() & INTERRUPTS);
      secondTraffic.ifPresent(second -> second.load(from, LongUnaryOperator.identity()));
      updateChurnRate();
    }

    private void loadTimer(boolean armed, long remaining) {
      if (armed) {
        timer.start(remaining);
      } else {
        timer.cancel();
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser.testing;

import io.vfio4j.linux.Fd;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.Memfd;
import io.vfio4j.linux.MemoryMap;
import io.vfio4j.model.Arc;
import io.vfio4j.model.ArcException;
import io.vfio4j.model.DataSession;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.DeviceStateMachine;
import io.vfio4j.model.Errno;
import io.vfio4j.model.ErrnoException;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.PreCopyInfo;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.TransitionException;
import io.vfio4j.model.TransitionResult;
import io.vfio4j.model.info.RegionCapability;
import io.vfio4j.vfiouser.Doorbell;
import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.device.DmaMemory;
import io.vfio4j.vfiouser.device.EmulatedDevice;
import io.vfio4j.vfiouser.device.Interrupts;
import io.vfio4j.vfiouser.wire.LittleEndian;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A small device: BAR0 has registers that make it do DMA and raise interrupts, BAR2 is memory and the whole
 * state. Its saved state is a magic number followed by BAR2; the first page is available in PRE_COPY.
 */
@SuppressWarnings("NonAtomicVolatileUpdate") // Written by one thread, read by the tests.
public class TestDevice implements EmulatedDevice {

  public static final int BAR0 = 0;
  public static final int BAR2 = 2;
  public static final int ABSENT = 4;
  public static final int CONFIG = DeviceDescription.CONFIG_REGION;
  public static final int REGIONS = 9;
  public static final int REGISTERS_SIZE = 4096;
  public static final int MEMORY_SIZE = 64 << 10;
  public static final int CONFIG_SIZE = 256;

  public static final int MSIX_COUNT = 24;
  public static final int REQUEST = 4;

  /** Registers of BAR0. */
  public static final int SCRATCH = 0x00;
  public static final int ADDRESS = 0x08;
  public static final int LENGTH = 0x10;
  public static final int COMMAND = 0x14;
  public static final int STATUS = 0x18;
  /** Writes here are refused with EACCES. */
  public static final int REFUSED = 0x40;
  /** Writes from here to {@link #RECORDED_END} are recorded. */
  public static final int RECORDED = 0x80;
  static final int RECORDED_END = 0x100;

  /** Values of {@link #COMMAND}; {@link #STATUS} then has the errno. */
  public static final int DMA_READ = 1;
  public static final int DMA_WRITE = 2;
  public static final int DMA_WRITE_LONG = 3;
  public static final int RAISE_MSIX = 4;
  public static final int INTX_HIGH = 5;
  public static final int INTX_LOW = 6;
  /** Writes a 64-bit number at ADDRESS as due work, LENGTH times. */
  public static final int TRAFFIC = 7;

  /** More doorbells than the usual number of descriptors in a message. */
  public static final List<Doorbell> DOORBELLS = Stream.concat(
      Stream.of(new Doorbell(RECORDED, 4, OptionalLong.empty()),
          new Doorbell(RECORDED + 4, 4, OptionalLong.of(7)),
          new Doorbell(RECORDED + 4, 4, OptionalLong.of(8)),
          new Doorbell(RECORDED + 8, 8, OptionalLong.of(-2)),
          new Doorbell(REFUSED, 4, OptionalLong.empty()),
          new Doorbell(COMMAND, 4, OptionalLong.of(RAISE_MSIX))),
      IntStream.range(0, 6).mapToObj(i -> new Doorbell(RECORDED + 0x20 + 2 * i, 2, OptionalLong.empty())))
      .toList();

  public static final long LONG_VALUE = 0x1122334455667788L;
  public static final int IDS = 0x56341234;
  static final int SUBSYSTEM = 0x00021af4;
  public static final int INITIAL_BYTES = 8 + 4096;
  public static final int STREAM_BYTES = 8 + MEMORY_SIZE;

  private static final long MAGIC = 0x6563697665643474L;

  /** A planned failure of an arc. */
  public record Failure(Arc at, Errno errno, boolean entersError) {
  }

  final DeviceStateMachine machine;
  /** Capabilities of BAR2, set before the device is served. */
  public List<RegionCapability> memoryCapabilities = List.of();
  public volatile @Nullable Failure failure;
  /** Whether the data in PRE_COPY never ends. */
  public volatile boolean endless;
  public volatile boolean haltsAllDma;
  public volatile int resets;
  public volatile int trafficDone;
  /**
   * Size of a transfer of the traffic: 8 writes the number, more is written from BAR2 and read back into it.
   */
  public volatile int trafficBytes = Long.BYTES;
  public volatile int trafficErrno;
  /** The recorded writes: offset and bytes. */
  public final BlockingQueue<String> recordedWrites = new LinkedBlockingQueue<>();

  private final Arena arena = Arena.ofShared();
  private final Fd file;
  private final MemorySegment registers = arena.allocate(REGISTERS_SIZE, 8);
  private final MemorySegment config = arena.allocate(CONFIG_SIZE, 8);
  private final MemorySegment memory;
  /** Buffers of the current data session. */
  private final MemorySegment magic = arena.allocate(8);
  private final MemorySegment stream = arena.allocate(STREAM_BYTES, 8);
  private @Nullable DmaMemory dma;
  private @Nullable Interrupts interrupts;
  private @Nullable Resuming resuming;
  private int trafficLeft;

  public TestDevice(MigrationFeatures features) throws LinuxException {
    file = Memfd.create("test device", MEMORY_SIZE);
    memory = MemoryMap.shared(file, 0, MEMORY_SIZE, true, arena);
    machine = new DeviceStateMachine("test", features, this::takeArc, (from, to, reason) -> {
    });
    config.set(LittleEndian.U32, 0, IDS);
    config.set(LittleEndian.U32, 0x2c, SUBSYSTEM);
  }

  public static TestDevice create() throws LinuxException {
    return new TestDevice(MigrationFeatures.ALL);
  }

  /** Returns BAR2, to be accessed while the server is idle. */
  public MemorySegment memory() {
    return memory;
  }

  MemorySegment registers() {
    return registers;
  }

  @Override
  public DeviceDescription description() {
    DeviceDescription.Region none = DeviceDescription.Region.NONE;
    return new DeviceDescription("test",
        List.of(new DeviceDescription.Region(REGISTERS_SIZE, true, false).withDoorbells(DOORBELLS), none,
            new DeviceDescription.Region(MEMORY_SIZE, true, true, memoryCapabilities), none, none, none,
            new DeviceDescription.Region(4096, false, false),
            new DeviceDescription.Region(CONFIG_SIZE, true, false), none),
        List.of(1, 0, MSIX_COUNT, 0, 1));
  }

  @Override
  public void attach(DmaMemory dmaMemory, Interrupts deviceInterrupts) {
    dma = dmaMemory;
    interrupts = deviceInterrupts;
  }

  private MemorySegment region(int region) {
    return switch (region) {
      case BAR0 -> registers;
      case BAR2 -> memory;
      case CONFIG -> config;
      default -> throw new IllegalArgumentException("region " + region);
    };
  }

  @Override
  public void readRegion(int region, long offset, MemorySegment into) {
    MemorySegment.copy(region(region), offset, into, 0, into.byteSize());
  }

  @Override
  public void writeRegion(int region, long offset, MemorySegment data) throws ErrnoException {
    if (region == BAR0 && offset == REFUSED) {
      throw new ErrnoException(Errno.EACCES, "a register that refuses writes");
    }
    if (region == BAR0 && offset >= RECORDED && offset < RECORDED_END) {
      recordedWrites.add("%x: %s".formatted(offset,
          HexFormat.of().formatHex(data.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE))));
    }
    boolean isCommand = region == BAR0 && offset == COMMAND;
    if (isCommand) {
      runCommand(data.get(LittleEndian.U32, 0));
    }
    // After the command: the data must still be valid.
    MemorySegment.copy(data, 0, region(region), offset, data.byteSize());
  }

  private void runCommand(int command) {
    int errno = 0;
    try {
      execute(command);
    } catch (ErrnoException e) {
      errno = e.errno().number();
    }
    registers.set(LittleEndian.U32, STATUS, errno);
  }

  private void execute(int command) throws ErrnoException {
    long address = registers.get(LittleEndian.U64, ADDRESS);
    int length = registers.get(LittleEndian.U32, LENGTH);
    DmaMemory dmaMemory = Objects.requireNonNull(dma);
    Interrupts raised = Objects.requireNonNull(interrupts);
    switch (command) {
      case DMA_READ -> dmaMemory.read(address, memory.asSlice(0, length));
      case DMA_WRITE -> dmaMemory.write(address, memory.asSlice(0, length));
      case DMA_WRITE_LONG -> dmaMemory.writeLong(address, LONG_VALUE);
      case RAISE_MSIX -> raised.trigger(DeviceDescription.MSIX, length);
      case INTX_HIGH -> raised.intxLevel(true);
      case INTX_LOW -> raised.intxLevel(false);
      case TRAFFIC -> trafficLeft = length;
      default -> throw new ErrnoException(Errno.EINVAL, "unknown command " + command);
    }
  }

  @Override
  public Optional<Fd> regionFile(int region) {
    return region == BAR2 ? Optional.of(file) : Optional.empty();
  }

  @Override
  public MigrationFeatures features() {
    return machine.features();
  }

  @Override
  public DeviceState state() {
    return machine.state();
  }

  @Override
  public TransitionResult moveTo(DeviceState target) throws TransitionException {
    return machine.moveTo(target);
  }

  @Override
  public void haltAllDma(boolean halt) {
    haltsAllDma = halt;
  }

  private Optional<DataSession> takeArc(Arc arc) throws ArcException {
    Failure planned = failure;
    if (planned != null && planned.at().equals(arc)) {
      throw new ArcException(planned.errno(), planned.entersError(), "a planned failure");
    }
    Resuming loaded = resuming;
    if (arc.from() == DeviceState.RESUMING && loaded != null) {
      resuming = null;
      loaded.load();
    }
    if (arc.opensSaving()) {
      return Optional.of(new Saving());
    }
    if (arc.opensResuming()) {
      resuming = new Resuming();
      return Optional.of(resuming);
    }
    return Optional.empty();
  }

  @Override
  public OptionalLong stopCopyLength() {
    return OptionalLong.of(STREAM_BYTES);
  }

  @Override
  public void reset() {
    registers.fill((byte) 0);
    memory.fill((byte) 0);
    trafficLeft = 0;
    resuming = null;
    machine.onReset("reset");
    Objects.requireNonNull(interrupts).intxLevel(false);
    resets++;
  }

  @Override
  public long runDue(long now) {
    if (trafficLeft == 0) {
      return Long.MAX_VALUE;
    }
    try {
      transferTraffic(Objects.requireNonNull(dma), registers.get(LittleEndian.U64, ADDRESS));
      trafficDone++;
      trafficLeft--;
    } catch (ErrnoException e) {
      trafficErrno = e.errno().number();
      trafficLeft = 0;
    }
    return now;
  }

  private void transferTraffic(DmaMemory dmaMemory, long address) throws ErrnoException {
    if (trafficBytes == Long.BYTES) {
      dmaMemory.writeLong(address, trafficDone + 1);
      return;
    }
    MemorySegment piece = memory.asSlice(0, trafficBytes);
    dmaMemory.write(address, piece);
    dmaMemory.read(address, piece);
  }

  @Override
  public void close() {
    arena.close();
    file.close();
  }

  /** Saves the state. */
  private final class Saving implements SavingSession {

    private int done;

    @Override
    public long read(MemorySegment into) throws DeviceException {
      if (endless) {
        MemorySegment.copy(memory, 0, into, 0, into.byteSize());
        return into.byteSize();
      }
      magic.set(LittleEndian.U64, 0, MAGIC);
      int end = state() == DeviceState.STOP_COPY ? STREAM_BYTES : INITIAL_BYTES;
      if (done >= end) {
        return state() == DeviceState.STOP_COPY ? END : NOTHING_NOW;
      }
      boolean isMagic = done < 8;
      MemorySegment from = isMagic ? magic : memory;
      int at = isMagic ? done : done - 8;
      int size = (int) Math.min(into.byteSize(), (isMagic ? 8 : end - 8) - at);
      MemorySegment.copy(from, at, into, 0, size);
      done += size;
      return size;
    }

    @Override
    public Optional<PreCopyInfo> preCopyInfo() throws DeviceException {
      if (state() == DeviceState.STOP_COPY) {
        throw new DeviceException("test", "pre-copy info", Errno.EINVAL);
      }
      return Optional.of(new PreCopyInfo(Math.max(0, INITIAL_BYTES - done), 12345, done == 0));
    }

    @Override
    public void close() {
    }
  }

  /** Loads the state, which is validated at the end. */
  private final class Resuming implements ResumingSession {

    private long done;

    @Override
    public void write(MemorySegment data) throws DeviceException {
      if (data.byteSize() > STREAM_BYTES - done) {
        throw new DeviceException("test", "write the state", Errno.EBADMSG);
      }
      MemorySegment.copy(data, 0, stream, done, data.byteSize());
      done += data.byteSize();
    }

    private void load() throws ArcException {
      if (done == 0) {
        return;
      }
      if (done != STREAM_BYTES || stream.get(LittleEndian.U64, 0) != MAGIC) {
        throw new ArcException(Errno.EBADMSG, true, "a damaged stream");
      }
      MemorySegment.copy(stream, 8, memory, 0, MEMORY_SIZE);
    }

    @Override
    public void close() {
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.vfiouser;

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
import io.vfio4j.model.Reached;
import io.vfio4j.model.RegionCapability;
import io.vfio4j.model.ResumingSession;
import io.vfio4j.model.SavingSession;
import io.vfio4j.model.TransitionException;
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
 * A small device: BAR0 has registers that make it do DMA and raise interrupts, BAR2 is memory and all of its state.
 * Its stream is a magic number and BAR2; the first page of that can be had in PRE_COPY.
 */
@SuppressWarnings("NonAtomicVolatileUpdate") // One thread writes, the tests' reads.
class TestDevice implements EmulatedDevice {

  static final int BAR0 = 0;
  static final int BAR2 = 2;
  static final int ABSENT = 4;
  static final int CONFIG = DeviceDescription.CONFIG_REGION;
  static final int REGIONS = 9;
  static final int REGISTERS_SIZE = 4096;
  static final int MEMORY_SIZE = 64 << 10;
  static final int CONFIG_SIZE = 256;

  static final int MSIX_COUNT = 24;
  static final int REQUEST = 4;

  /** Registers of BAR0. */
  static final int SCRATCH = 0x00;
  static final int ADDRESS = 0x08;
  static final int LENGTH = 0x10;
  static final int DO = 0x14;
  static final int STATUS = 0x18;
  /** Writes here are refused with EACCES. */
  static final int REFUSED = 0x40;
  /** Writes from here on are noted, until {@link #NOTED_END}. */
  static final int NOTED = 0x80;
  static final int NOTED_END = 0x100;

  /** Values of {@link #DO}; {@link #STATUS} has the errno afterwards. */
  static final int DMA_READ = 1;
  static final int DMA_WRITE = 2;
  static final int DMA_WRITE_LONG = 3;
  static final int RAISE_MSIX = 4;
  static final int INTX_HIGH = 5;
  static final int INTX_LOW = 6;
  /** Writes a 64-bit number at ADDRESS whenever the server lets it, LENGTH times. */
  static final int TRAFFIC = 7;

  /** More than the usual number of descriptors in a message. */
  static final List<Doorbell> DOORBELLS = Stream.concat(
      Stream.of(new Doorbell(NOTED, 4, OptionalLong.empty()), new Doorbell(NOTED + 4, 4, OptionalLong.of(7)),
          new Doorbell(NOTED + 4, 4, OptionalLong.of(8)), new Doorbell(NOTED + 8, 8, OptionalLong.of(-2)),
          new Doorbell(REFUSED, 4, OptionalLong.empty()), new Doorbell(DO, 4, OptionalLong.of(RAISE_MSIX))),
      IntStream.range(0, 6).mapToObj(i -> new Doorbell(NOTED + 0x20 + 2 * i, 2, OptionalLong.empty())))
      .toList();

  static final long LONG_VALUE = 0x1122334455667788L;
  static final int IDS = 0x56341234;
  static final int SUBSYSTEM = 0x00021af4;
  static final int INITIAL_BYTES = 8 + 4096;
  static final int STREAM_BYTES = 8 + MEMORY_SIZE;

  private static final long MAGIC = 0x6563697665643474L;

  /** How to fail at an arc. */
  record Failure(Arc at, Errno errno, boolean entersError) {
  }

  final DeviceStateMachine machine;
  /** What is said of BAR2, before the device is served. */
  List<RegionCapability> memoryCapabilities = List.of();
  volatile @Nullable Failure failure;
  /** Whether what is read in PRE_COPY never ends. */
  volatile boolean endless;
  volatile boolean haltsAllDma;
  volatile int resets;
  volatile int trafficDone;
  /** How much a piece of traffic moves: 8 writes the number, more is written from the memory and read back into it. */
  volatile int trafficBytes = Long.BYTES;
  volatile int trafficErrno;
  /** The writes that were noted: offset and bytes. */
  final BlockingQueue<String> noted = new LinkedBlockingQueue<>();

  private final Arena arena = Arena.ofShared();
  private final Fd file;
  private final MemorySegment registers = arena.allocate(REGISTERS_SIZE, 8);
  private final MemorySegment config = arena.allocate(CONFIG_SIZE, 8);
  private final MemorySegment memory;
  /** Of the one data session that there may be. */
  private final MemorySegment magic = arena.allocate(8);
  private final MemorySegment stream = arena.allocate(STREAM_BYTES, 8);
  private @Nullable DmaMemory dma;
  private @Nullable Interrupts interrupts;
  private @Nullable Resuming loading;
  private int trafficLeft;

  TestDevice(MigrationFeatures features) throws LinuxException {
    file = Memfd.create("test device", MEMORY_SIZE);
    memory = MemoryMap.shared(file, 0, MEMORY_SIZE, true, arena);
    machine = new DeviceStateMachine("test", features, this::take, (from, to, reason) -> {
    });
    config.set(Wire.U32, 0, IDS);
    config.set(Wire.U32, 0x2c, SUBSYSTEM);
  }

  static TestDevice make() throws LinuxException {
    return new TestDevice(MigrationFeatures.ALL);
  }

  /** The device's memory, to be touched while the server is idle. */
  MemorySegment memory() {
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
  public void attach(DmaMemory memoryToReach, Interrupts interruptsToRaise) {
    dma = memoryToReach;
    interrupts = interruptsToRaise;
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
      throw new ErrnoException(Errno.EACCES, "a register that refuses");
    }
    if (region == BAR0 && offset >= NOTED && offset < NOTED_END) {
      noted.add("%x: %s".formatted(offset,
          HexFormat.of().formatHex(data.toArray(java.lang.foreign.ValueLayout.JAVA_BYTE))));
    }
    boolean isDo = region == BAR0 && offset == DO;
    if (isDo) {
      act(data.get(Wire.U32, 0));
    }
    // After what was done: the data must still be there.
    MemorySegment.copy(data, 0, region(region), offset, data.byteSize());
  }

  private void act(int what) {
    int errno = 0;
    try {
      carryOut(what);
    } catch (ErrnoException e) {
      errno = e.errno().number();
    }
    registers.set(Wire.U32, STATUS, errno);
  }

  private void carryOut(int what) throws ErrnoException {
    long address = registers.get(Wire.U64, ADDRESS);
    int length = registers.get(Wire.U32, LENGTH);
    DmaMemory memoryToReach = Objects.requireNonNull(dma);
    Interrupts raised = Objects.requireNonNull(interrupts);
    switch (what) {
      case DMA_READ -> memoryToReach.read(address, memory.asSlice(0, length));
      case DMA_WRITE -> memoryToReach.write(address, memory.asSlice(0, length));
      case DMA_WRITE_LONG -> memoryToReach.writeLong(address, LONG_VALUE);
      case RAISE_MSIX -> raised.trigger(DeviceDescription.MSIX, length);
      case INTX_HIGH -> raised.intxLevel(true);
      case INTX_LOW -> raised.intxLevel(false);
      case TRAFFIC -> trafficLeft = length;
      default -> throw new ErrnoException(Errno.EINVAL, "do " + what);
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
  public Reached moveTo(DeviceState target) throws TransitionException {
    return machine.moveTo(target);
  }

  @Override
  public void haltAllDma(boolean halt) {
    haltsAllDma = halt;
  }

  private Optional<DataSession> take(Arc arc) throws ArcException {
    Failure planned = failure;
    if (planned != null && planned.at().equals(arc)) {
      throw new ArcException(planned.errno(), planned.entersError(), "as planned");
    }
    Resuming loaded = loading;
    if (arc.from() == DeviceState.RESUMING && loaded != null) {
      loading = null;
      loaded.load();
    }
    if (arc.opensSaving()) {
      return Optional.of(new Saving());
    }
    if (arc.opensResuming()) {
      loading = new Resuming();
      return Optional.of(loading);
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
    loading = null;
    machine.wasReset("reset");
    Objects.requireNonNull(interrupts).intxLevel(false);
    resets++;
  }

  @Override
  public long runDue(long now) {
    if (trafficLeft == 0) {
      return Long.MAX_VALUE;
    }
    try {
      moveTraffic(Objects.requireNonNull(dma), registers.get(Wire.U64, ADDRESS));
      trafficDone++;
      trafficLeft--;
    } catch (ErrnoException e) {
      trafficErrno = e.errno().number();
      trafficLeft = 0;
    }
    return now;
  }

  private void moveTraffic(DmaMemory memoryToReach, long address) throws ErrnoException {
    if (trafficBytes == Long.BYTES) {
      memoryToReach.writeLong(address, trafficDone + 1);
      return;
    }
    MemorySegment piece = memory.asSlice(0, trafficBytes);
    memoryToReach.write(address, piece);
    memoryToReach.read(address, piece);
  }

  @Override
  public void close() {
    arena.close();
    file.close();
  }

  /** The state, read out. */
  private final class Saving implements SavingSession {

    private int done;

    @Override
    public long read(MemorySegment into) throws DeviceException {
      if (endless) {
        MemorySegment.copy(memory, 0, into, 0, into.byteSize());
        return into.byteSize();
      }
      magic.set(Wire.U64, 0, MAGIC);
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

  /** The state, written in: at once, except that it is judged at the end. */
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
      if (done != STREAM_BYTES || stream.get(Wire.U64, 0) != MAGIC) {
        throw new ArcException(Errno.EBADMSG, true, "a damaged stream");
      }
      MemorySegment.copy(stream, 8, memory, 0, MEMORY_SIZE);
    }

    @Override
    public void close() {
    }
  }
}

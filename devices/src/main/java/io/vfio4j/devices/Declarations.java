// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.devices;

import io.vfio4j.devices.state.DeclaredState;
import io.vfio4j.devices.state.MemorySizeItem;
import io.vfio4j.devices.state.StateFormat;
import io.vfio4j.devices.state.StateImage;
import io.vfio4j.devices.state.StateItem;
import io.vfio4j.devices.state.StateMemory;
import io.vfio4j.model.StateLayout;
import io.vfio4j.vfiouser.device.DeviceDescription;
import io.vfio4j.vfiouser.device.DeviceDescription.Region;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The declarations of a device. They are collected while its constructor runs, and frozen when its description is first
 * queried or the device is attached.
 */
final class Declarations implements PartCollector {

  private static final int BARS = 6;
  private static final int IRQ_INDEXES = 5;

  private final String kind;
  private final PciIds ids;
  private final DeviceContext context;
  private final DmaGate gate;
  private final DeviceInterrupts interrupts;
  private final @Nullable Bar[] bars = new Bar[BARS];
  private final List<Capability> capabilities = new ArrayList<>();
  private final List<StateItem> items = new ArrayList<>();
  private final List<Register> registers = new ArrayList<>();
  private final List<MsixTable> tables = new ArrayList<>(1);
  private final List<DeviceMemory> memories = new ArrayList<>();
  private final List<ScheduledWork> scheduled = new ArrayList<>();
  private final List<ScheduledDma> scheduledDma = new ArrayList<>();
  private final List<DmaTask> tasks = new ArrayList<>();
  private int configSize = ConfigSpace.CONVENTIONAL_SIZE;
  private int stateVersion = 1;
  private Optional<CustomState> customState = Optional.empty();

  /** The device's own format of its saved state. */
  private record CustomState(StateFormat format, StateCodec codec) {
  }

  Declarations(String kind, PciIds ids, DeviceSetup setup) {
    this.kind = kind;
    this.ids = ids;
    this.context = new DeviceContext(setup);
    this.gate = new DmaGate(context.runState());
    this.interrupts = new DeviceInterrupts(context.runState());
  }

  DeviceContext context() {
    return context;
  }

  DmaGate gate() {
    return gate;
  }

  DeviceInterrupts interrupts() {
    return interrupts;
  }

  Bar addBar(int index, BarKind barKind, long size) {
    context.requireDeclaring();
    Bar before = bar(index - 1);
    boolean taken = index < 0 || index >= (barKind.is64Bit() ? BARS - 1 : BARS) || bars[index] != null
        || (before != null && before.kind().is64Bit()) || (barKind.is64Bit() && bars[index + 1] != null);
    if (taken) {
      throw new IllegalArgumentException("BAR%d of kind %s: a register that it occupies is not free"
          .formatted(index, barKind));
    }
    Bar bar = new Bar(context, this, index, barKind, size);
    bars[index] = bar;
    return bar;
  }

  @Nullable
  Bar bar(int region) {
    return region >= 0 && region < BARS ? bars[region] : null;
  }

  @Override
  public DeviceMemory addMemory(DeviceMemory memory) {
    context.requireDeclaring();
    memories.add(memory);
    return memory;
  }

  void addCapability(Capability capability) {
    context.requireDeclaring();
    capabilities.add(capability);
  }

  void extendConfigSpace() {
    context.requireDeclaring();
    configSize = ConfigSpace.EXTENDED_SIZE;
  }

  void addTable(MsixTable table) {
    tables.add(table);
  }

  @Override
  public void addRegister(Register register) {
    registers.add(register);
  }

  <T extends StateItem> T addItem(T item) {
    context.requireDeclaring();
    if (items.contains(item)) {
      return item;
    }
    items.add(item);
    return item;
  }

  <T extends StateItem & ScheduledWork> T addScheduled(T item) {
    scheduled.add(item);
    return addItem(item);
  }

  <T extends StateItem & ScheduledWork> T addScheduledDma(DmaRange range, RunningClock clock, T item) {
    scheduledDma.add(new ScheduledDma(range, clock, item));
    return addItem(item);
  }

  DmaTask addTask(DmaTask task) {
    tasks.add(task);
    return addItem(task);
  }

  void stateVersion(int version) {
    context.requireDeclaring();
    stateVersion = version;
  }

  void useCodec(StateFormat format, StateCodec codec) {
    context.requireDeclaring();
    customState = Optional.of(new CustomState(format, codec));
  }

  /** Returns the items and registers that hold state, in the order of their declaration. */
  private List<StateItem> stateItems() {
    List<StateItem> all = new ArrayList<>(items);
    registers.stream().filter(Register::holdsState).forEach(all::add);
    return all;
  }

  void resetItems() {
    for (StateItem item : items) {
      item.reset();
    }
    for (Register register : registers) {
      register.reset();
    }
    for (MsixTable table : tables) {
      table.reset();
    }
  }

  DeviceScheduler scheduler() {
    return new DeviceScheduler(context.runState(), gate, scheduled, scheduledDma, tasks);
  }

  StateMemory memory() {
    return new StateMemory(memories.stream().map(DeviceMemory::backend).toList());
  }

  ConfigSpace configSpace() {
    return new ConfigSpace(configSize, ids, bars, interrupts.hasIntx(), capabilities);
  }

  StateFormat stateFormat() {
    return customState.map(CustomState::format).orElseGet(
        () -> new StateFormat(StateFormat.DECLARED, stateVersion, ids.device() << 16 | ids.vendor()));
  }

  /** Returns what pre-flight compares: the format of the saved state, and the size of each memory. */
  Optional<StateLayout> stateLayout() {
    Map<String, Long> sizes = new LinkedHashMap<>();
    // A custom format does not name its memories: only their sum must be equal.
    memories.forEach(memory -> sizes.merge(customState.isEmpty() ? memory.spec().name() : "memory",
        memory.spec().size(), Long::sum));
    try {
      return Optional.of(new StateLayout(stateFormat().name(), sizes));
    } catch (IllegalArgumentException e) {
      return Optional.empty(); // The name of a memory is not valid in a layout; it cannot change any more.
    }
  }

  StateImage stateImage() {
    if (customState.isEmpty()) {
      List<StateItem> all = stateItems();
      memories.forEach(memory -> all.add(new MemorySizeItem(memory.spec().name(), memory.spec().size())));
      return new DeclaredState(all);
    }
    StateCodec codec = customState.get().codec();
    if (codec.bytes() < 1 || codec.bytes() > StateFormat.MAX_PAYLOAD_BYTES) {
      throw new IllegalArgumentException("a state of %d bytes: expected 1 to %d".formatted(codec.bytes(),
          StateFormat.MAX_PAYLOAD_BYTES));
    }
    return new CodecState(codec, codec.bytes());
  }

  /** Frees the memories. */
  void close() {
    context.flushLog();
    memories.forEach(DeviceMemory::close);
  }

  DeviceDescription describe() {
    context.freeze();
    List<Region> regions = new ArrayList<>();
    for (Bar bar : bars) {
      regions.add(bar == null ? Region.NONE : bar.region());
    }
    regions.add(Region.NONE);
    regions.add(new Region(configSize, true, false));
    regions.add(Region.NONE);
    List<Integer> irqCounts = new ArrayList<>();
    for (int index = 0; index < IRQ_INDEXES; index++) {
      irqCounts.add(interrupts.vectorCount(index));
    }
    return new DeviceDescription(kind, regions, irqCounts);
  }
}

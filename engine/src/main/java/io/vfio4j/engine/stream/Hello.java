// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.MigrationOptions;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.codec.CompressionAlgorithm;
import io.vfio4j.model.DeviceException;
import io.vfio4j.model.DeviceIdentity;
import io.vfio4j.model.DeviceState;
import io.vfio4j.model.MigratableDevice;
import io.vfio4j.model.MigrationFeatures;
import io.vfio4j.model.Segmentation;
import io.vfio4j.model.StateLayout;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The first frame of a side: its devices, its memory, and what it requests or supports. The payload is a sequence of
 * fields up to its end ({@link TagLengthValue}):
 *
 * <pre>
 * hello  = device+ region* field*
 * device = tag 1, a sequence of the fields of {@link DeviceFields}
 * region = tag 2, a sequence of the fields of {@link RegionFields}
 * field  = tag 3 and up, one of {@link HelloFields}, in any order and anywhere, each at most once
 * </pre>
 *
 * @param values the values of {@link HelloFields}
 */
public record Hello(FieldValues<Hello> values) {

  /** Describes what a side of this program has. */
  public static Hello of(List<Device> devices, List<HelloRegion> memory) {
    return new Hello(HelloFields.SET.empty()).with(HelloFields.DEVICES, List.copyOf(devices))
        .with(HelloFields.MEMORY, List.copyOf(memory)).with(HelloFields.PROGRAM, Program.NAME);
  }

  /** Returns this hello with another value for one field. */
  public <T> Hello with(Field<Hello, T> field, T value) {
    return new Hello(values.with(field, value));
  }

  public List<Device> devices() {
    return values.get(HelloFields.DEVICES);
  }

  public List<HelloRegion> memory() {
    return values.get(HelloFields.MEMORY);
  }

  public Optional<Channels> channels() {
    return values.get(HelloFields.CHANNELS);
  }

  public boolean acknowledgesInitialData() {
    return values.get(HelloFields.ACKNOWLEDGES_INITIAL_DATA);
  }

  public Optional<MigrationId> migration() {
    return values.get(HelloFields.MIGRATION);
  }

  public Optional<CompressionAlgorithm> compression() {
    return values.get(HelloFields.COMPRESSION);
  }

  public boolean dryRun() {
    return values.get(HelloFields.DRY_RUN);
  }

  public String program() {
    return values.get(HelloFields.PROGRAM);
  }

  /** A device, as a side describes it: the values of {@link DeviceFields}. */
  public record Device(FieldValues<Device> values) {

    /** Describes a device in a state. */
    public static Device of(MigratableDevice device, DeviceState state) throws DeviceException {
      return of(device.identity(), device.features())
          .with(DeviceFields.STOP_COPY_LENGTH, device.stopCopyLength())
          .with(DeviceFields.SEGMENTATION, device.segmentation())
          .with(DeviceFields.STATE, Optional.of(state))
          .with(DeviceFields.LAYOUT, device.stateLayout());
    }

    static Device of(DeviceIdentity identity, MigrationFeatures features) {
      return new Device(DeviceFields.SET.empty()).with(DeviceFields.NAME, identity.name())
          .with(DeviceFields.IDS, DeviceFields.Ids.of(identity))
          .with(DeviceFields.DRIVER, identity.driver()).with(DeviceFields.FEATURES, features);
    }

    <T> Device with(Field<Device, T> field, T value) {
      return new Device(values.with(field, value));
    }

    /** Returns this device without its state, which is then not checked. */
    public Device withoutState() {
      return with(DeviceFields.STATE, Optional.empty());
    }

    public DeviceIdentity identity() {
      return values.get(DeviceFields.IDS).identity(values.get(DeviceFields.NAME),
          values.get(DeviceFields.DRIVER));
    }

    public MigrationFeatures features() {
      return values.get(DeviceFields.FEATURES);
    }

    public OptionalLong stopCopyLength() {
      return values.get(DeviceFields.STOP_COPY_LENGTH);
    }

    public Optional<Segmentation> segmentation() {
      return values.get(DeviceFields.SEGMENTATION);
    }

    /** Returns the current state; empty if its side does not report it. */
    public Optional<DeviceState> state() {
      return values.get(DeviceFields.STATE);
    }

    /** Returns what the saved state must match; empty if its side does not report it. */
    public Optional<StateLayout> layout() {
      return values.get(DeviceFields.LAYOUT);
    }
  }

  /**
   * The extra connections: none or one for each device, followed by those for memory.
   *
   * @param migration sent in the JOIN of each connection
   * @param devices the number of those for devices
   * @param memory the number of those for memory
   */
  public record Channels(MigrationId migration, int devices, int memory) {

    static final int BYTES = MigrationId.BYTES + 2 * Short.BYTES;

    public int count() {
      return devices + memory;
    }
  }

  void write(ByteBuffer into) {
    HelloFields.SET.write(into, values);
  }

  public static Hello read(ByteBuffer from) throws StreamException {
    Hello hello = new Hello(HelloFields.SET.read(from));
    if (hello.devices().isEmpty()) {
      throw new StreamException("the hello has no device");
    }
    HelloRegion.check(hello.memory());
    if (hello.channels().isPresent()) {
      hello.check(hello.channels().get());
    }
    return hello;
  }

  private void check(Channels channels) throws StreamException {
    if ((channels.devices() != 0 && channels.devices() != devices().size())
        || channels.memory() > MigrationOptions.MAX_CHANNELS) {
      throw new StreamException("the hello has %d connections for %d devices, and %d for memory"
          .formatted(channels.devices(), devices().size(), channels.memory()));
    }
  }

  /** Checks that it has no field that only the other side may send, and returns it. */
  public Hello requireFrom(Side side) throws StreamException {
    Side other = side == Side.SOURCE ? Side.TARGET : Side.SOURCE;
    if (HelloFields.SET.hasFieldOnlyFrom(other, values)
        || devices().stream().anyMatch(device -> DeviceFields.SET.hasFieldOnlyFrom(other, device.values()))
        || memory().stream().anyMatch(region -> RegionFields.SET.hasFieldOnlyFrom(other, region.values()))) {
      throw new StreamException(
          "the hello of the %s has a field that only the other side may send".formatted(side));
    }
    return this;
  }
}

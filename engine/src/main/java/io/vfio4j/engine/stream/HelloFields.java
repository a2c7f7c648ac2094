// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.engine.stream;

import io.vfio4j.engine.DeviceSet;
import io.vfio4j.engine.MigrationId;
import io.vfio4j.engine.Side;
import io.vfio4j.engine.codec.CompressionAlgorithm;
import io.vfio4j.engine.memory.RegionRules;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/** The fields of a HELLO. docs/architecture.md describes how to add one. */
public final class HelloFields {

  public static final FieldSet<Hello> SET = new FieldSet<>(Hello::values);

  private static final int NAME_BYTES = 256;

  /** The devices, whose order gives their numbers; at least one. */
  static final Field<Hello, List<Hello.Device>> DEVICES = SET.declare(1, "device", FieldCodec
      .structures(DeviceSet.MAX_DEVICES, DeviceFields.SET, Hello.Device::values, Hello.Device::new))
      .mandatory().field();

  /** Regions of memory, whose order at the source gives their numbers. */
  static final Field<Hello, List<HelloRegion>> MEMORY = SET.declare(2, "region of memory", FieldCodec
      .structures(RegionRules.MAX_REGIONS, RegionFields.SET, HelloRegion::values, HelloRegion::of))
      .mandatory().field();

  /** The extra connections that the source is going to open. */
  public static final Field<Hello, Optional<Hello.Channels>> CHANNELS =
      SET.declare(3, "extra connections",
          FieldCodec.optional(Hello.Channels.BYTES, HelloFields::writeChannels, HelloFields::readChannels))
          .mandatory().onlyFrom(Side.SOURCE).field();

  /** Whether the side supports the acknowledgement of initial data. */
  public static final Field<Hello, Boolean> ACKNOWLEDGES_INITIAL_DATA =
      SET.declare(4, "acknowledges initial data", FieldCodec.flag()).field();

  /** The migration, by its id in both sides' journals. */
  public static final Field<Hello, Optional<MigrationId>> MIGRATION = SET.declare(5, "migration",
      FieldCodec.optional(MigrationId.BYTES, (into, id) -> id.put(into), MigrationId::take))
      .onlyFrom(Side.SOURCE).field();

  /** The source only requests a comparison. */
  public static final Field<Hello, Boolean> DRY_RUN =
      SET.declare(6, "compare only", FieldCodec.flag()).mandatory().onlyFrom(Side.SOURCE).field();

  /** The program and its version. */
  public static final Field<Hello, String> PROGRAM = SET.declare(7, "program", FieldCodec.text(NAME_BYTES))
      .shown("program", text -> text).field();

  /** How the source may compress DATA and MEMORY. */
  public static final Field<Hello, Optional<CompressionAlgorithm>> COMPRESSION =
      SET.declare(8, "compression",
          FieldCodec.optional(Integer.BYTES, (into, algorithm) -> into.putInt(algorithm.wireValue()),
              HelloFields::readCompression))
          .mandatory().onlyFrom(Side.SOURCE).field();

  private HelloFields() {
  }

  private static void writeChannels(ByteBuffer into, Hello.Channels channels) {
    channels.migration().put(into);
    into.putShort((short) channels.devices()).putShort((short) channels.memory());
  }

  private static Hello.Channels readChannels(ByteBuffer from) {
    return new Hello.Channels(MigrationId.take(from), Short.toUnsignedInt(from.getShort()),
        Short.toUnsignedInt(from.getShort()));
  }

  private static CompressionAlgorithm readCompression(ByteBuffer from) throws StreamException {
    int value = from.getInt();
    return CompressionAlgorithm.fromWire(value).orElseThrow(() -> new StreamException(
        "the hello has compression %s, which is unknown here".formatted(Integer.toUnsignedString(value))));
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model.v1;

import io.vfio4j.model.StateNames;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Parses the spellings of a state of version 1. */
final class StateParserV1 {

  private static final long MAX_U32 = 0xffff_ffffL;

  private static final Map<String, DeviceStateV1> COMBINATIONS = Map.of(
      "STOP", DeviceStateV1.STOP,
      "STOPCOPY", DeviceStateV1.STOP_COPY,
      "PRECOPY", DeviceStateV1.PRE_COPY,
      "ERROR", DeviceStateV1.ERROR,
      "RUNNINGP2P", DeviceStateV1.RUNNING_NDMA,
      "PRECOPYP2P", DeviceStateV1.PRE_COPY_NDMA);

  private StateParserV1() {
  }

  static DeviceStateV1 parse(String text) {
    String trimmed = text.strip();
    if (!trimmed.isEmpty() && Character.isDigit(trimmed.charAt(0))) {
      return number(trimmed);
    }
    List<String> parts = List.of(trimmed.split("[|+]", -1));
    DeviceStateV1 named = COMBINATIONS.get(StateNames.normalizeState(parts.getFirst()));
    return named != null ? named(named, parts, text) : bits(parts, text);
  }

  private static DeviceStateV1 number(String text) {
    try {
      long number = Long.decode(text);
      if (number <= MAX_U32) {
        return new DeviceStateV1((int) number);
      }
    } catch (NumberFormatException _) {
      // Reported below, like a number that is too large.
    }
    throw new IllegalArgumentException(text + " is not a 32-bit number");
  }

  /** Parses the name of a combination, which fixes three of the bits: only NDMA can be added. */
  private static DeviceStateV1 named(DeviceStateV1 named, List<String> parts, String text) {
    int value = named.value();
    for (String part : parts.subList(1, parts.size())) {
      if (bit(part) != BitV1.NDMA) {
        throw new IllegalArgumentException("%s: only NDMA can be added to %s".formatted(text, named));
      }
      value |= BitV1.NDMA.mask();
    }
    return new DeviceStateV1(value);
  }

  private static DeviceStateV1 bits(List<String> parts, String text) {
    int set = 0;
    int clear = 0;
    for (String part : parts) {
      boolean negated = part.strip().startsWith("!");
      BitV1 bit = bit(negated ? part.strip().substring(1) : part);
      if (bit == null) {
        throw new IllegalArgumentException(
            ("%s: unknown version 1 device state '%s' (expected one of STOP, RUNNING, STOP_COPY,"
                + " PRE_COPY, RESUMING, RUNNING+NDMA, PRE_COPY+NDMA,"
                + " or the bits RUNNING, SAVING, RESUMING, NDMA)")
                .formatted(text, part.strip()));
      }
      set |= negated ? 0 : bit.mask();
      clear |= negated ? bit.mask() : 0;
    }
    if ((set & clear) != 0) {
      throw new IllegalArgumentException(text + " both sets and clears a bit");
    }
    return new DeviceStateV1(set);
  }

  private static @Nullable BitV1 bit(String name) {
    String key = StateNames.normalizeState(name);
    for (BitV1 bit : BitV1.values()) {
      if (bit.name().equals(key)) {
        return bit;
      }
    }
    return null;
  }
}

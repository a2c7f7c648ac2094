// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.model;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The layout of a device's saved state, which two devices must have in common for one to load the state of
 * the other. It is known without saving, so that devices can be compared before one is stopped.
 *
 * <p>
 * Text form: {@code format *(";" name "=" bytes)}, in UTF-8, at most {@link #MAX_BYTES} bytes. Bytes are
 * decimal; neither format nor name is empty or contains a separator.
 *
 * @param format the format and version of the stream: equal for devices that load each other's state
 * @param memory the size of each memory in bytes, at least 1, by its name, in the device's order
 */
public record StateLayout(String format, Map<String, Long> memory) {

  /** The longest text form, in bytes of UTF-8. A device whose text would be longer has no layout. */
  public static final int MAX_BYTES = 128;

  private static final String SEPARATORS = ";=";

  /**
   * @throws IllegalArgumentException if a name or the format is empty or contains a separator, or a size is
   *     not positive
   */
  public StateLayout {
    memory = Collections.unmodifiableMap(new LinkedHashMap<>(memory));
    requireValidName(format);
    memory.forEach((name, bytes) -> {
      requireValidName(name);
      if (bytes <= 0) {
        throw new IllegalArgumentException("%d bytes of memory '%s'".formatted(bytes, name));
      }
    });
  }

  private static void requireValidName(String name) {
    if (name.isEmpty() || name.chars().anyMatch(c -> SEPARATORS.indexOf(c) >= 0)) {
      throw new IllegalArgumentException("'%s' is empty or contains one of '%s'".formatted(name, SEPARATORS));
    }
  }

  /** Returns the text form; empty if it is too long. */
  public Optional<String> text() {
    StringBuilder text = new StringBuilder(format);
    memory.forEach((name, bytes) -> text.append(';').append(name).append('=').append(bytes));
    return Optional.of(text.toString())
        .filter(full -> full.getBytes(StandardCharsets.UTF_8).length <= MAX_BYTES);
  }

  /**
   * Parses a layout received from a peer.
   *
   * @return empty if the text is not a layout
   */
  public static Optional<StateLayout> parse(String text) {
    String[] parts = text.split(";", -1);
    Map<String, Long> memory = new LinkedHashMap<>();
    for (int i = 1; i < parts.length; i++) {
      int equals = parts[i].indexOf('=');
      String bytes = parts[i].substring(equals + 1);
      if (equals < 0 || !bytes.matches("[0-9]{1,18}")
          || memory.put(parts[i].substring(0, equals), Long.valueOf(bytes)) != null) {
        return Optional.empty();
      }
    }
    try {
      return Optional.of(new StateLayout(parts[0], memory));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /**
   * Returns the reasons why a device with another layout refuses this state, a clause for each; none if it
   * does not.
   */
  public List<String> mismatches(StateLayout target) {
    List<String> all = new ArrayList<>();
    if (!format.equals(target.format)) {
      all.add("the state has format %s, the target reads %s".formatted(format, target.format));
    }
    memory.forEach((name, bytes) -> {
      Long theirs = target.memory.get(name);
      if (theirs == null) {
        all.add(
            "the state has %s of memory '%s', the target has no such memory".formatted(size(bytes), name));
      } else if (!theirs.equals(bytes)) {
        all.add(
            "the state has %s of memory '%s', the target has %s".formatted(size(bytes), name, size(theirs)));
      }
    });
    target.memory.forEach((name, bytes) -> {
      if (!memory.containsKey(name)) {
        all.add(
            "the target has %s of memory '%s', the state has no such memory".formatted(size(bytes), name));
      }
    });
    return all;
  }

  private static String size(long bytes) {
    if (bytes % (1 << 20) == 0) {
      return (bytes >> 20) + " MiB";
    }
    return bytes % (1 << 10) == 0 ? (bytes >> 10) + " KiB" : bytes + " bytes";
  }
}

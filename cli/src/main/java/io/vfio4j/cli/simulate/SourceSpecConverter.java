// SPDX-License-Identifier: Apache-2.0
package io.vfio4j.cli.simulate;

import io.vfio4j.cli.base.DurationConverter;
import io.vfio4j.cli.base.RateConverter;
import io.vfio4j.cli.base.SizeConverter;
import io.vfio4j.engine.simulation.DirtySource;
import io.vfio4j.engine.simulation.WritePattern;
import io.vfio4j.engine.simulation.WriteRate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * Converts a source: its size and the writes to it, as in {@code 8g:200m@512m+5m}. See {@code docs/commands.md}.
 */
final class SourceSpecConverter implements ITypeConverter<SourceSpec> {

  private static final String SYNTAX =
      "SIZE[:WRITES[+WRITES]...], and WRITES as RATE[@SIZE][,cyclic][,burst=TIME/TIME]"
          + "[,to=RATE/TIME]";

  /** Writes whose working set may not be determined yet. */
  private record UnplacedWrites(OptionalLong set, WritePattern.Order order, WriteRate rhythm) {
  }

  @Override
  public SourceSpec convert(String value) {
    int colon = value.indexOf(':');
    long size = new SizeConverter().convert(colon < 0 ? value : value.substring(0, colon));
    List<UnplacedWrites> unplaced = new ArrayList<>();
    if (colon >= 0) {
      for (String part : value.substring(colon + 1).split("\\+", -1)) {
        unplaced.add(writes(part));
      }
    }
    try {
      SourceSpec spec = new SourceSpec(size, place(size, unplaced));
      spec.source(DirtySource.Kind.MEMORY); // Checks that the working sets fit.
      return spec;
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException("'%s': %s".formatted(value, e.getMessage()));
    }
  }

  private static UnplacedWrites writes(String text) {
    String[] parts = text.split(",", -1);
    int at = parts[0].indexOf('@');
    String rateText = at < 0 ? parts[0] : parts[0].substring(0, at);
    OptionalLong set =
        at < 0 ? OptionalLong.empty()
            : OptionalLong.of(new SizeConverter().convert(parts[0].substring(at + 1)));
    double rate = rate(rateText);
    WritePattern.Order order = WritePattern.Order.RANDOM;
    WriteRate rhythm = new WriteRate.Steady(rate);
    for (int i = 1; i < parts.length; i++) {
      if (parts[i].equals("cyclic")) {
        order = WritePattern.Order.CYCLIC;
      } else {
        rhythm = rhythm(rate, parts[i]);
      }
    }
    return new UnplacedWrites(set, order, rhythm);
  }

  private static double rate(String text) {
    return new RateConverter().convert(text).doubleValue();
  }

  private static WriteRate rhythm(double rate, String text) {
    int equals = text.indexOf('=');
    int slash = text.indexOf('/', equals);
    String key = equals < 0 ? text : text.substring(0, equals);
    if (slash < 0 || !(key.equals("burst") || key.equals("to"))) {
      throw new TypeConversionException("'%s' is not valid; expected %s".formatted(text, SYNTAX));
    }
    String first = text.substring(equals + 1, slash);
    Duration second = new DurationConverter().convert(text.substring(slash + 1));
    try {
      return key.equals("burst")
          ? new WriteRate.Bursts(rate, new DurationConverter().convert(first), second)
          : new WriteRate.Ramp(rate, rate(first), second);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException("'%s': %s".formatted(text, e.getMessage()));
    }
  }

  /** Assigns the rest of the source to the writes without a working set. */
  private static List<WritePattern> place(long size, List<UnplacedWrites> all) {
    long rest = size;
    int without = 0;
    for (UnplacedWrites writes : all) {
      rest -= writes.set().orElse(0);
      without += writes.set().isPresent() ? 0 : 1;
    }
    if (without > 1) {
      throw new IllegalArgumentException("all writes but one need @SIZE, as in 200m@512m+5m");
    }
    long remaining = rest;
    return all.stream()
        .map(writes -> new WritePattern(writes.set().orElse(remaining), writes.order(), writes.rhythm()))
        .toList();
  }
}
